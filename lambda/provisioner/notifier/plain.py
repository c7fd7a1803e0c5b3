"""⑦ A message as plain text: the whole of a mail, and what Slack shows where it shows no blocks."""

from collections.abc import Iterator

from provisioner.notifier.message import Message, harmless, one_line


def plain(message: Message) -> str:
    """The message as text, its parts with an empty line between them; it ends in a line break."""
    return "\n\n".join(_parts(message)) + "\n"


def _parts(message: Message) -> Iterator[str]:
    yield one_line(message.title)
    yield from (harmless(line) for line in message.lines)
    if message.facts:
        yield "\n".join(f"{one_line(label)}: {one_line(value)}" for label, value in message.facts)
    if message.command:
        yield f"    {one_line(message.command)}"
    for listing in message.lists:
        yield "\n".join([one_line(listing.heading), *(f"- {one_line(row)}" for row in listing.rows)])
    if message.links:
        yield "\n".join(f"{one_line(link.label)}: {one_line(link.url)}" for link in message.links)
    yield message.footer
