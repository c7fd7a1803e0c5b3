"""Sign in to GitHub as an App: a short-lived JWT buys an installation token, never a user's token.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import jwt

from provisioner.core.errors import NeedsPerson

# GitHub refuses a JWT that lives longer than 10 minutes, and clocks drift.
_JWT_LIFE: Final = dt.timedelta(minutes=9)
_CLOCK_DRIFT: Final = dt.timedelta(seconds=60)
_RENEW_BEFORE: Final = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class InstallationToken:
    """A token that opens one installation for about an hour; its text does not show in logs."""

    text: str = field(repr=False)
    expires_at: dt.datetime


@dataclass(slots=True)
class GitHubApp:
    """One installation of the App; keeps its token until shortly before it ends.

    `private_key` is asked for the key each time that a token is bought, so that a new key needs no
    deployment, and the key is not kept.
    """

    app_id: str
    installation_id: str
    private_key: Callable[[], str] = field(repr=False)
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    _token: InstallationToken | None = field(default=None, repr=False)

    def token(self, ask: Callable[[str, str], tuple[str, str]]) -> str:
        """The installation token; `ask(installation_id, jwt)` fetches a new (token, expires_at)."""
        now = self.clock()
        if self._token is None or self._token.expires_at - _RENEW_BEFORE < now:
            text, expires_at = ask(self.installation_id, self._jwt(now))
            self._token = InstallationToken(text, dt.datetime.fromisoformat(expires_at))
        return self._token.text

    def forget(self) -> None:
        """Forget the token: GitHub refused it, or it was revoked."""
        self._token = None

    def _jwt(self, now: dt.datetime) -> str:
        claims = {
            "iat": int((now - _CLOCK_DRIFT).timestamp()),
            "exp": int((now + _JWT_LIFE).timestamp()),
            "iss": self.app_id,
        }
        try:
            return jwt.encode(claims, self.private_key(), algorithm="RS256")
        except (ValueError, TypeError, jwt.PyJWTError):
            # Without the cause: a parser's words may quote the key.
            raise NeedsPerson(
                "signing in to GitHub as the App",
                "its private key cannot be read",
                "put the PEM text that GitHub gave for the App into Secrets Manager, then retry",
            ) from None
