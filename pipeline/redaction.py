"""Keeps the job's own secrets out of logs, reports and plans: their values are blotted out."""

import re
from collections.abc import Mapping
from typing import Final

_SECRET: Final = re.compile(r"SECRET|TOKEN|PASSWORD|PRIVATE_KEY|CREDENTIAL")
# A shorter value is likelier to be a word of the text than a secret.
_SHORTEST: Final = 12


def redact(text: str, environment: Mapping[str, str]) -> str:
    """The text without the values of variables that hold secrets."""
    secrets = {value for name, value in environment.items() if _SECRET.search(name.upper())}
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "***")
    return text
