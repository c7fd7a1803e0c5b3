"""⑦ A message as Slack's Block Kit shows it, within its limits.

Text of others stands in objects of type plain_text and is escaped all the same: `&`, `<` and `>` are the
characters by which Slack knows a mention or a link, also in the fallback text
(https://docs.slack.dev/messaging/formatting-message-text).
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from provisioner.notifier.message import Link, Listing, Message, harmless, one_line
from provisioner.notifier.plain import plain

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limit:
    """One of Slack's limits, and where it is written."""

    what: str
    most: int
    source: str


_BLOCKS: Final = "https://docs.slack.dev/reference/block-kit/blocks"
MESSAGE_BLOCKS: Final = Limit("blocks of a message", 50, _BLOCKS)
HEADER: Final = Limit("characters of a header", 150, f"{_BLOCKS}/header-block")
SECTION: Final = Limit("characters of a section's text", 3000, f"{_BLOCKS}/section-block")
FIELDS: Final = Limit("fields of a section", 10, f"{_BLOCKS}/section-block")
FIELD: Final = Limit("characters of a field", 2000, f"{_BLOCKS}/section-block")
ELEMENTS: Final = Limit("elements of a context", 10, f"{_BLOCKS}/context-block")
# Slack cuts a text at 40,000, and advises 4,000.
TEXT: Final = Limit(
    "characters of a message's text",
    4000,
    "https://docs.slack.dev/changelog/2018-truncating-really-long-messages",
)
LIMITS: Final = (MESSAGE_BLOCKS, HEADER, SECTION, FIELDS, FIELD, ELEMENTS, TEXT)
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LEFT_OUT: Final = "The message is longer than Slack shows; the console has all of it."


def payload(message: Message) -> dict[str, Any]:
    """The body of a webhook's call."""
    blocks = list(_blocks(message))
    end = {"type": "context", "elements": [_plain(message.footer, SECTION)]}
    most = MESSAGE_BLOCKS.most - 1
    if len(blocks) > most:
        blocks = [*blocks[: most - 1], _section(_LEFT_OUT)]
    return {"text": escaped(plain(message), TEXT.most), "blocks": [*blocks, end]}


def escaped(text: str, most: int) -> str:
    """The text with Slack's three characters written out, and no longer than that; no entity is cut."""
    entities = [_ENTITIES.get(character, character) for character in harmless(text)]
    if sum(map(len, entities)) <= most:
        return "".join(entities)
    ends = itertools.accumulate(map(len, entities))
    kept = itertools.takewhile(lambda each: each[1] < most, zip(entities, ends, strict=True))
    return "".join(entity for entity, _ in kept).rstrip() + "…"


def _blocks(message: Message) -> Iterator[Block]:
    yield {"type": "header", "text": _plain(one_line(message.title), HEADER)}
    yield from (_section(line) for line in message.lines if line.strip())
    for at in range(0, len(message.facts), FIELDS.most):
        facts = message.facts[at : at + FIELDS.most]
        texts = [_plain(f"{label}\n{one_line(value)}", FIELD) for label, value in facts]
        yield {"type": "section", "fields": texts}
    if message.command:
        command = escaped(one_line(message.command).replace("`", "'"), SECTION.most - 6)
        yield _marked(f"```{command}```")
    for listing in message.lists:
        yield from _listing(listing)
    if links := _links(message.links):
        yield _marked(links)


def _listing(listing: Listing) -> Iterator[Block]:
    """A heading with its rows, in as many sections as they take."""
    text = one_line(listing.heading)
    for row in listing.rows:
        line = f"• {one_line(row)}"
        if len(escaped(f"{text}\n{line}", SECTION.most * 2)) >= SECTION.most:
            yield _section(text)
            text = line
        else:
            text = f"{text}\n{line}"
    yield _section(text)


def _section(text: str) -> Block:
    return {"type": "section", "text": _plain(text, SECTION)}


def _plain(text: str, limit: Limit) -> Block:
    return {"type": "plain_text", "text": escaped(text, limit.most), "emoji": False}


def _marked(text: str) -> Block:
    """What is ours: a link or a command. `verbatim`: nothing else of it becomes a link."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _links(links: Iterable[Link]) -> str:
    """The links that fit, whole: a part of an address leads elsewhere, and another scheme is a mention."""
    text = ""
    for link in (each for each in links if each.url.startswith(("https://", "http://"))):
        one = f"<{_url(link.url)}|{escaped(one_line(link.label).replace('|', '/'), 100)}>"
        joined = f"{text} · {one}" if text else one
        text = joined if len(joined) <= SECTION.most else text
    return text


def _url(url: str) -> str:
    """An address that ends where it is meant to."""
    whole = one_line(url).replace("|", "%7C").replace(" ", "%20").replace(">", "%3E")
    return escaped(whole, len(whole) * len("&amp;"))
