"""A receiver can check what it gets with the standard's library, and knows each document by its id."""

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.notify import signature
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.notify.documents import DOCUMENT, SECRET


@given(body=st.binary(max_size=2000))
def test_a_receiver_with_the_standards_library_believes_it(body: bytes) -> None:
    body = json.dumps({"text": body.decode("latin-1")}).encode()
    now = int(dt.datetime.now(dt.UTC).timestamp())  # the library refuses what is older than 5 minutes
    headers = signature.headers(SECRET, DOCUMENT, body, now)
    assert Webhook(SECRET).verify(body, headers) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET[::-1]).verify(body, headers)


def test_the_id_holds_no_dot_and_stays_the_same_for_each_try() -> None:
    first, again = (signature.headers(SECRET, DOCUMENT, b"{}", seconds) for seconds in (1, 31))
    assert first["webhook-id"] == again["webhook-id"]
    assert first["webhook-signature"] != again["webhook-signature"]
    assert "." not in first["webhook-id"]
    assert signature.webhook_id(DOCUMENT | {"id": "other"}) != first["webhook-id"]
    assert signature.webhook_id(DOCUMENT | {"source": "urn:other"}) != first["webhook-id"]


@pytest.mark.parametrize("secret", ["", "whsec_", "not base64!", "abc"])
def test_a_secret_that_anybody_could_sign_with_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        signature.headers(secret, DOCUMENT, b"{}", 1)
