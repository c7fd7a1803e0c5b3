"""Plain text holds no character that another program reads as something else."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st
from provisioner.notifier.message import Message, key_of, one_line
from provisioner.notifier.plain import plain

from tests.notifier.examples import HOSTILE, MESSAGES


@given(MESSAGES)
def test_any_message_is_text_that_can_be_sent(message: Message) -> None:
    text = plain(message)
    text.encode()
    assert {unicodedata.category(character) for character in text if character != "\n"} & {
        "Cc",
        "Cs",
    } == set()
    assert text.endswith(f"RDS Provisioner, message {key_of(message.id)[:8]}\n")


@given(st.text() | st.just(HOSTILE))
def test_one_line_is_one(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


def test_a_turn_of_direction_is_left_out() -> None:
    assert one_line("a\u202eb\u2066c") == "abc"
