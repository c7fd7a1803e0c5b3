"""The message to the worker: what is written, and that nothing else is read."""

import json

import pytest
from provisioner.intake.message import Message, MessageError, decode, encode

ID = "3f0c1a2b-8f5e-4c1d-9a70-1c2d3e4f5a6b"
MESSAGE = Message(request_id=ID, kind="create", environment="dev", database_name="mydb123")
TEXT = f'{{"version":1,"request_id":"{ID}","kind":"create","environment":"dev","database_name":"mydb123"}}'


def test_a_message_is_one_line_of_json_with_its_version() -> None:
    assert encode(MESSAGE) == TEXT


def test_what_is_written_is_read() -> None:
    assert decode(TEXT) == MESSAGE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        '"text"',
        TEXT.replace('"version":1,', ""),
        TEXT.replace('"kind":"create",', ""),
        TEXT.replace('"kind"', '"sort"'),
        TEXT.replace(ID, "not-an-id"),
        TEXT.replace(f'"{ID}"', "5"),
    ],
)
def test_anything_else_is_no_message(text: str) -> None:
    with pytest.raises(MessageError, match="not a message of version 1"):
        decode(text)


def test_another_version_is_named() -> None:
    with pytest.raises(MessageError, match="message version 2; this worker reads version 1"):
        decode(json.dumps(json.loads(TEXT) | {"version": 2}))
