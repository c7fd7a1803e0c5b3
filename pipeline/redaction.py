"""Keeps secrets out of logs, reports and plans: the job's own by their values, others by their form.

Values are found in the forms that programs print: as they are, as JSON or HCL escapes them, in a URL, in
Base64, and line by line, since a log is read line by line.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import quote

HIDDEN: Final = "***"
_SECRET: Final = re.compile(r"SECRET|TOKEN|PASSWORD|PASSWD|PRIVATE_KEY|CREDENTIAL|API_?KEY")
# A shorter value is likelier to be a word of the text than a secret.
_SHORTEST: Final = 12

# What is a secret by its form, whoever printed it; the first group stays. Whoever may push a branch may print
# any text: each form is looked for in a time that grows with the text, and not with its square.
_FORMS: Final = (
    re.compile(
        r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[A-Za-z0-9+/=\s\\]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
    ),
    # https://github.blog/engineering/behind-githubs-new-authentication-token-formats/
    re.compile(r"()\b(?:gh[opsur]_[A-Za-z0-9]{20,}|github_pat_\w{20,})"),
    # A token in three parts, of which the first is an object in Base64.
    re.compile(r"()\beyJ[\w-]{8,2000}\.[\w-]{3,8000}\.[\w-]+"),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes
    re.compile(r"()\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"((?i:X-Amz-(?:Signature|Security-Token|Credential)=))[^&\s\"']+"),
    re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@\"']*:)[^\s@/\"']+(?=@)"),
)
_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_ASSIGNED: Final = re.compile(
    r"(?i:password|passwd|secret_key|secret_access_key|session_token|auth_token|private_key)[\"']?"
    rf"\s*[=:]\s*{_QUOTED}(?:\s*->\s*{_QUOTED})?"
)


def shown(text: str, environment: Mapping[str, str]) -> str:
    """What people may read of a text: no secret of the job, and nothing that is one by its form."""
    text = redact(text, environment)
    for form in _FORMS:
        text = form.sub(lambda found: f"{found[1]}{HIDDEN}", text)
    return _ASSIGNED.sub(lambda found: re.sub(_QUOTED + r"(?!\s*[=:])", f'"{HIDDEN}"', found[0]), text)


def redact(text: str, environment: Mapping[str, str]) -> str:
    """The text without the values of variables that hold secrets; JSON stays JSON."""
    for secret in sorted(_values(environment), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _values(environment: Mapping[str, str]) -> set[str]:
    """Every form of every secret, as far as it is too long to be a word."""
    found = {value for name, value in environment.items() if _SECRET.search(name.upper())}
    return {form for value in found for form in _printed(value) if len(form) >= _SHORTEST}


def _printed(value: str) -> Iterator[str]:
    yield value
    yield value.strip()
    yield from (line.strip() for line in value.splitlines())
    for escaped in (json.dumps(value), json.dumps(value, ensure_ascii=False)):
        yield escaped[1:-1]
    yield quote(value, safe="")
    yield quote(value)
    encoded = value.encode("utf-8", "surrogateescape")
    yield base64.b64encode(encoded).decode()
    yield base64.urlsafe_b64encode(encoded).decode()
