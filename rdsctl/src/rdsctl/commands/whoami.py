"""`rdsctl whoami`: which API, which key, which team."""

from typing import Any

from rdsctl import __version__, times
from rdsctl.command import command as make
from rdsctl.screens import label
from rdsctl.session import Session


@make(name="whoami", short_help="Which API, which key, which team.")
def command(session: Session) -> None:
    """Show which API is called, whose key it is, where that was found, and until when it is valid."""
    found, said = session.access, session.api.get("/whoami").document
    document = said | {
        "url": found.url,
        "profile": found.profile,
        "key_from": found.key_from.partition(":")[0],
    }
    session.show(document, lambda _: text(document), str(document["team"]))
    if too_old(document):
        session.note(f"This API wants rdsctl {document['minimum_client']} or newer; this is {__version__}.")


def text(document: dict[str, Any]) -> str:
    """The answer for people."""
    lines = [f"team {document['team']} at {document['url']}"]
    if document["person"]:
        lines.append(label("person", document["person"]))
    lines.append(label("key", f"{described(document)}from {document['key_from']}{ending(document)}"))
    if document["profile"]:
        lines.append(label("profile", document["profile"]))
    return "\n".join(lines) + "\n"


def described(document: dict[str, Any]) -> str:
    """The key's name, where it has one."""
    return f"{document['key_name']}, " if document.get("key_name") else ""


def ending(document: dict[str, Any]) -> str:
    """When the key ends, where it does."""
    if not document.get("key_expires_at"):
        return ""
    at, present = times.parse(document["key_expires_at"]), times.now()
    return f", ends {times.clock(at, present)}, {times.until(at, present)}"


def too_old(document: dict[str, Any]) -> bool:
    """Whether the API wants a newer program than this."""
    return _numbers(str(document.get("minimum_client") or "0")) > _numbers(__version__)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]
