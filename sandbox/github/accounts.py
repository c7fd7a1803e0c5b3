"""Who calls: the App with its JWT or an installation token, or a user of the organization with a token."""

import datetime as dt
import secrets
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.github.refused import Refused

APP_LOGIN = "rds-provisioner[bot]"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something on GitHub."""

    login: str


APP = Actor(APP_LOGIN)
NOBODY = Actor("")


@dataclass(slots=True)
class App:
    """The one App that is installed, and its tokens."""

    app_id: str = "4711"
    installation_id: str = "815"
    permissions: dict[str, str] = field(
        default_factory=lambda: {
            "contents": "write",
            "pull_requests": "write",
            "metadata": "read",
            "members": "read",
        }
    )
    tokens: dict[str, dt.datetime] = field(default_factory=dict)
    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    @property
    def private_key_pem(self) -> str:
        """The key as GitHub hands it out."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()

    def check_jwt(self, authorization: str) -> None:
        """An App's JWT: RS256, its own id, not older than it says, at most 10 minutes long."""
        token = authorization.partition(" ")[2]
        try:
            claims = jwt.decode(
                token, self.key.public_key(), algorithms=["RS256"], options={"require": ["iat", "exp", "iss"]}
            )
        except jwt.PyJWTError as error:
            raise Refused(401, "A JSON web token could not be decoded") from error
        if str(claims["iss"]) != self.app_id:
            raise Refused(404, "Integration not found")
        if claims["exp"] > dt.datetime.now(dt.UTC).timestamp() + 600:
            raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")

    def new_token(self) -> tuple[str, str]:
        """A token for an hour."""
        token = "ghs_" + secrets.token_hex(18)
        end = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        self.tokens[token] = end
        return token, end.strftime("%Y-%m-%dT%H:%M:%SZ")

    def check_token(self, authorization: str) -> Actor:
        """The App itself, where the token is one of the installation's."""
        token = authorization.partition(" ")[2]
        if not authorization:
            raise Refused(401, "Requires authentication")
        if self.tokens.get(token, dt.datetime.min.replace(tzinfo=dt.UTC)) < dt.datetime.now(dt.UTC):
            raise Refused(401, "Bad credentials")
        return APP

    def check_permission(self, name: str, level: str) -> None:
        """Whether the installation may do this."""
        granted = self.permissions.get(name)
        if granted is None or (level == "write" and granted != "write"):
            raise Refused(403, "Resource not accessible by integration")
