"""⑦ Signs what goes to the webhook as https://www.standardwebhooks.com says, whose libraries check it."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5


def headers(secret: str, document: Mapping[str, Any], body: bytes, timestamp: int) -> dict[str, str]:
    """The headers of one try to send a document as `body`; `timestamp` in Unix seconds.

    Raises ValueError for a secret that is not base64 text, with or without its `whsec_`.
    """
    sent_as = webhook_id(document)
    signed = f"{sent_as}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": sent_as,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }


def webhook_id(document: Mapping[str, Any]) -> str:
    """The same for each try to send a document, and without the dots that the signature joins with."""
    return str(uuid5(NAMESPACE_URL, f"{document['source']}/{document['id']}"))


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("the webhook's secret has to be base64 text, with or without whsec_") from error
    if not key:
        raise ValueError("the webhook's secret is empty: anybody could sign with it")
    return key
