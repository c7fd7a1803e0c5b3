"""③ Whether a webhook comes from GitHub: the signature over its body."""

import hashlib
import hmac


def signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether the body carries the secret's signature; takes the same time for every wrong one.

    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    """
    if not secret:  # anybody could sign with an empty one
        return False
    expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))
