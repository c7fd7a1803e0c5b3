"""What is read of a call, and what is said of what cannot be read."""

import json
from base64 import b64decode
from typing import Any

import pytest
from provisioner.api.call import (
    MAX_BODY,
    body,
    check_content_type,
    malformed,
    parse_body,
    parse_idempotency_key,
    parse_request_id,
)

from tests.core.examples import ID
from tests.intake.setting import refused


@pytest.mark.parametrize(
    "value", ["application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"]
)
def test_a_body_may_say_that_it_is_json(value: str) -> None:
    check_content_type(value)


@pytest.mark.parametrize(
    ("value", "was"), [(None, "missing"), ("", "missing"), ("Text/Plain; x=y", "text/plain")]
)
def test_any_other_body_is_refused_with_what_it_said(value: str | None, was: str) -> None:
    problem = refused(415, "not-json", check_content_type, value)
    assert problem.detail == f"Send the header Content-Type: application/json (it was {was})."


def test_a_body_is_read_as_json() -> None:
    assert parse_body('{"a": [1, "é", null]}') == {"a": [1, "é", None]}


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "Correct the JSON: expecting value in line 1, column 1."),
        (
            "{'a': 1}",
            "Correct the JSON: expecting property name enclosed in double quotes in line 1, column 2.",
        ),
        ('{"a": NaN}', "Correct the JSON: NaN is not JSON."),
        ('{"a": -Infinity}', "Correct the JSON: -Infinity is not JSON."),
        ('{"a": {"b": 1, "b": 2}}', "Correct the JSON: it has a field twice."),
        ("[" * 20_000, "Correct the JSON: it is nested too deeply."),
        ("1" * 5000, "Correct the JSON: a number has 5000 characters; no field takes more than 18."),
        ('{"a": 1} x', "Correct the JSON: extra data in line 1, column 10."),
    ],
    ids=lambda value: value[:12],
)
def test_what_is_not_json_is_refused(text: str, detail: str) -> None:
    problem = refused(400, "malformed-json", parse_body, text)
    assert problem.detail.startswith(detail)


def test_a_body_that_is_not_even_text_is_malformed() -> None:
    problem = malformed("the body is neither text in UTF-8 nor its Base64")
    assert (problem.status, problem.slug) == (400, "malformed-json")
    assert problem.detail == "Correct the JSON: the body is neither text in UTF-8 nor its Base64."


def test_what_cannot_be_decoded_is_malformed_once_its_type_is_right() -> None:
    def no_base64() -> str:
        return b64decode("no Base64!", validate=True).decode()

    problem = refused(400, "malformed-json", body, "application/json", no_base64)
    assert problem.detail == "Correct the JSON: the body is neither text in UTF-8 nor its Base64."
    refused(415, "not-json", body, "text/plain", no_base64)
    assert body("application/json", lambda: '{"a": 1}') == {"a": 1}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert parse_body('\ufeff{"a": 123456789012345678}') == {"a": 123456789012345678}


def test_a_body_has_a_longest_length() -> None:
    longest: Any = json.dumps("x" * (MAX_BODY - 2))
    assert len(parse_body(longest)) == 32_766
    problem = refused(413, "too-long", parse_body, longest + " ")
    assert problem.detail == "Send at most 32768 characters."


@pytest.mark.parametrize(
    ("value", "key"), [(None, None), ("abc", "abc"), ('"abc"', "abc"), ("x" * 128, "x" * 128), ("!~", "!~")]
)
def test_a_key_is_read_with_or_without_its_quotes(value: str | None, key: str | None) -> None:
    assert parse_idempotency_key(value) == key


@pytest.mark.parametrize("value", ["", '""', "a b", 'a"b', "é", "x" * 129, "a\n"])
def test_a_key_that_cannot_be_kept_is_refused(value: str) -> None:
    problem = refused(400, "bad-idempotency-key", parse_idempotency_key, value)
    assert problem.detail == (
        "Send 1 to 128 printable characters without spaces or quotes, for example a UUID."
    )


def test_what_is_no_id_is_not_found() -> None:
    assert parse_request_id(ID) == ID
    problem = refused(404, "not-found", parse_request_id, "x" * 3000)
    assert problem.detail == f"There is no request '{'x' * 80}'… of this team."
    for text in (ID.upper(), ID + "\n", ID[:-1], "nope", ""):
        problem = refused(404, "not-found", parse_request_id, text)
        assert problem.detail == f"There is no request {text!r} of this team."
