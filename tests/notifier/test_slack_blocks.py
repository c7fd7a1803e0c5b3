"""What Slack gets is within Slack's limits, and text of others stays text, whatever it is."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.notifier.message import Link, Message
from provisioner.notifier.slack_blocks import LIMITS, Limit, escaped, payload

from tests.notifier.examples import HOSTILE, MESSAGES, failed, weekly

BY_NAME = {limit.what: limit for limit in LIMITS}


def test_these_are_the_limits_and_where_they_are_written() -> None:
    assert {limit.what: limit.most for limit in LIMITS} == {
        "blocks of a message": 50,
        "characters of a header": 150,
        "characters of a section's text": 3000,
        "fields of a section": 10,
        "characters of a field": 2000,
        "elements of a context": 10,
        "characters of a message's text": 4000,
    }
    assert all(limit.source.startswith("https://docs.slack.dev/") for limit in LIMITS)


def sizes(body: dict[str, Any]) -> Iterator[tuple[Limit, int]]:
    """Each thing of a payload that Slack measures, with its size."""
    yield BY_NAME["characters of a message's text"], len(body["text"])
    yield BY_NAME["blocks of a message"], len(body["blocks"])
    for block in body["blocks"]:
        if block["type"] == "header":
            yield BY_NAME["characters of a header"], len(block["text"]["text"])
        elif block["type"] == "context":
            yield BY_NAME["elements of a context"], len(block["elements"])
        elif "fields" in block:
            yield BY_NAME["fields of a section"], len(block["fields"])
            for field in block["fields"]:
                yield BY_NAME["characters of a field"], len(field["text"])
        else:
            yield BY_NAME["characters of a section's text"], len(block["text"]["text"])


def texts(value: Any) -> Iterator[dict[str, Any]]:
    """Every text object."""
    if isinstance(value, dict):
        if value.get("type") in ("plain_text", "mrkdwn"):
            yield value
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


@given(MESSAGES)
def test_any_message_is_within_the_limits(message: Message) -> None:
    body = payload(message)
    assert [(limit.what, size) for limit, size in sizes(body) if size > limit.most] == []
    json.dumps(body).encode()


@given(MESSAGES)
def test_no_text_of_others_becomes_a_mention_a_link_or_markup(message: Message) -> None:
    body = payload(message)
    for each in [*texts(body["blocks"]), {"type": "plain_text", "text": body["text"]}]:
        text = each["text"]
        if each["type"] == "mrkdwn":  # ours: links, and a command between its marks
            assert each["verbatim"] is True
            assert not re.search(r"<[!@#]", text)
            text = re.sub(r"<[^<>|]*\|[^<>|]*>", "", text)
        assert "<" not in text
        assert ">" not in text
        assert re.sub("&(amp|lt|gt);", "", text).count("&") == 0


def test_a_hostile_cause_reads_as_it_is() -> None:
    (cause,) = [block for block in payload(failed(HOSTILE))["blocks"] if "Cause" in str(block)]
    assert cause["text"] == {
        "type": "plain_text",
        "emoji": False,
        "text": "Cause: &lt;!channel&gt; &amp; &lt;https://evil.example|click&gt; *b*\nBcc: x@evil.example ",
    }


def test_an_address_ends_where_it_is_meant_to() -> None:
    link = Link("See", "https://ci.example/a|b> <!here>?x=1&y=2")
    (block,) = [
        each for each in payload(Message(id="i", title="t", links=(link,)))["blocks"] if "mrkdwn" in str(each)
    ]
    assert block["text"]["text"] == "<https://ci.example/a%7Cb%3E%20&lt;!here%3E?x=1&amp;y=2|See>"


@given(st.text(alphabet="a&<>", max_size=60), st.integers(min_value=1, max_value=80))
def test_no_entity_is_cut(text: str, most: int) -> None:
    found = escaped(text, most)
    assert len(found) <= most
    assert re.fullmatch(r"(a|&amp;|&lt;|&gt;|…)*", found)


def test_a_text_that_fits_is_whole() -> None:
    assert escaped("a" * 150, 150) == "a" * 150
    assert escaped("a" * 151, 150) == "a" * 149 + "…"


def test_a_long_list_says_how_many_are_left_out() -> None:
    body = json.dumps(payload(weekly(200)), ensure_ascii=False)
    assert "• and 160 more" in body


@pytest.mark.parametrize("rows", [1, 30, 40])
def test_a_list_within_reason_is_whole(rows: int) -> None:
    body = json.dumps(payload(weekly(rows)))
    assert body.count("dev/db-") >= rows
    assert " more" not in body
