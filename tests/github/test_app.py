"""The App signs in with a short JWT, keeps its token until shortly before it ends, and shows no secret."""

import datetime as dt
import pickle
import traceback

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from provisioner.core.errors import NeedsPerson
from provisioner.github.app import GitHubApp, InstallationToken

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
).decode()


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


class TokenShop:
    """Sells tokens for an hour, and keeps what it was shown."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.shown: list[tuple[str, str]] = []

    def __call__(self, installation_id: str, signed: str) -> tuple[str, str]:
        self.shown.append((installation_id, signed))
        end = self.clock.now + dt.timedelta(hours=1)
        return f"ghs_{len(self.shown)}", end.strftime("%Y-%m-%dT%H:%M:%SZ")


def app(clock: Clock, key: str = PEM) -> GitHubApp:
    return GitHubApp("4711", "815", lambda: key, clock)


def test_the_jwt_is_rs256_with_the_apps_id_and_lives_under_ten_minutes() -> None:
    clock = Clock()
    shop = TokenShop(clock)

    app(clock).token(shop)

    installation, signed = shop.shown[0]
    claims = jwt.decode(
        signed, KEY.public_key(), algorithms=["RS256"], options={"verify_exp": False, "verify_iat": False}
    )
    assert installation == "815"
    assert claims["iss"] == "4711"
    assert claims["iat"] == NOW.timestamp() - 60
    assert claims["exp"] - NOW.timestamp() < 600


def test_a_token_is_kept_until_five_minutes_before_its_end() -> None:
    clock = Clock()
    shop, one = TokenShop(clock), app(clock)

    tokens = [one.token(shop)]
    clock.now += dt.timedelta(minutes=54)
    tokens.append(one.token(shop))
    clock.now += dt.timedelta(minutes=2)
    tokens.append(one.token(shop))

    assert tokens == ["ghs_1", "ghs_1", "ghs_2"]


def test_a_forgotten_token_is_bought_again() -> None:
    clock = Clock()
    shop, one = TokenShop(clock), app(clock)

    one.token(shop)
    one.forget()

    assert one.token(shop) == "ghs_2"


def test_the_key_is_asked_for_at_each_purchase_so_that_a_new_one_needs_no_deployment() -> None:
    clock, keys = Clock(), ["broken", PEM]
    one = GitHubApp("4711", "815", lambda: keys.pop(0), clock)

    with pytest.raises(NeedsPerson):
        one.token(TokenShop(clock))

    assert one.token(TokenShop(clock)) == "ghs_1"


def test_neither_key_nor_token_can_be_printed() -> None:
    clock = Clock()
    one = app(clock)
    token = one.token(TokenShop(clock))

    for text in (repr(one), str(one), f"{one}", repr(InstallationToken(token, NOW))):
        assert "PRIVATE KEY" not in text
        assert PEM[40:80] not in text
        assert token not in text
    with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
        pickle.dumps(one)


@pytest.mark.parametrize("key", ["", "no key", PEM[: len(PEM) // 2], PEM.replace("RSA ", ""), "\0"])
def test_a_key_that_cannot_be_read_needs_an_operator_and_is_not_quoted(key: str) -> None:
    clock = Clock()

    with pytest.raises(NeedsPerson, match="private key cannot be read") as caught:
        app(clock, key).token(TokenShop(clock))

    shown = "".join(traceback.format_exception(caught.value))
    assert not key or len(key) < 10 or key[40:80] not in shown
    assert "Secrets Manager" in caught.value.fix
