"""`rdsctl whoami`: which API, which key, which team."""

from rdsctl.command import command as make
from rdsctl.screens import label
from rdsctl.session import Session


@make(name="whoami", short_help="Which API, which key, which team.")
def command(session: Session) -> None:
    """Show which API is called, where its key was found, and the key's team."""
    found = session.access
    document = {
        "url": found.url,
        "team": session.api.get("/quota").document["team"],
        "profile": found.profile,
        "key_from": found.key_from.partition(":")[0],
    }
    lines = [f"team {document['team']} at {document['url']}", label("key", f"from {document['key_from']}")]
    if document["profile"]:
        lines.append(label("profile", document["profile"]))
    session.show(document, lambda _: "\n".join(lines) + "\n", str(document["team"]))
