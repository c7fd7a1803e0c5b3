"""Literals of HCL, written and read; the only module that knows its quoting."""

import re
from collections.abc import Mapping
from typing import Final


class RootSyntaxError(ValueError):
    """A main.tf that this module did not write."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
        self.reason = reason
        self.line = line


_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Everything that a terminal, a diff view or HCL's scanner might take for more than text: controls, the
# Unicode line separators, bidirectional overrides, byte order marks, surrogates and noncharacters.
_INVISIBLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)


def string_literal(text: str) -> str:
    """Encode any text as one HCL quoted string that evaluates to exactly that text.

    Quoting follows https://developer.hashicorp.com/terraform/language/expressions/strings: backslash
    escapes, and `${` and `%{` doubled so that no template sequence survives. HCL normalises strings to
    NFC, so text should be normalised before it comes here. A lone surrogate cannot be written in UTF-8
    and is replaced by U+FFFD.
    """
    out: list[str] = []
    for position, char in enumerate(text):
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char in "$%" and text[position + 1 : position + 2] == "{":
            out.append(char + char)
        elif "\ud800" <= char <= "\udfff":
            out.append("\\uFFFD")
        elif _INVISIBLE.match(char):
            code = ord(char)
            out.append(f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}")
        else:
            out.append(char)
    return '"' + "".join(out) + '"'


_ESCAPE: Final = re.compile(r'\\(?:([nrt"\\])|u([0-9A-F]{4})|U([0-9A-F]{8}))|([$%])\4(?=\{)|\\')


def literal(text: str, line: int) -> str | int | float | bool:
    """The value of a literal on a line of a root; raises RootSyntaxError where it is none."""
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"[0-9]{1,3}\.5", text):  # capacity goes by halves
        return float(text)
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return _ESCAPE.sub(lambda match: _unescape(match, line), text[1:-1])
    raise RootSyntaxError(f"expected a literal, got {text!r}", line)


def _unescape(match: re.Match[str], line: int) -> str:
    named, short, long, sigil = match.groups()
    if named:
        return {"n": "\n", "r": "\r", "t": "\t"}.get(named, named)
    if short or long:
        code = int(short or long, 16)
        if code > 0x10FFFF:
            raise RootSyntaxError(f"no such character: {match[0]}", line)
        return chr(code)
    if sigil:
        return sigil
    raise RootSyntaxError("an unknown escape in a string", line)


def typed(values: Mapping[str, object], types: Mapping[str, type]) -> dict[str, object]:
    """The arguments of these types; raises RootSyntaxError for one that is missing or of another type."""
    found = {}
    for name, expected in types.items():
        if name not in values:
            raise RootSyntaxError(f'module "database" has no argument {name}', 1)
        value = values[name]
        if expected is float and type(value) is int:
            value = float(value)
        if type(value) is not expected:
            raise RootSyntaxError(f"{name} should be a {expected.__name__}", 1)
        found[name] = value
    return found


def first_difference(expected: str, actual: str) -> tuple[str, int]:
    """How a text differs from what it should be, and on which line first."""
    pairs = zip(expected.split("\n"), actual.split("\n"), strict=False)
    for number, (wanted, got) in enumerate(pairs, start=1):
        if wanted != got:
            return f"expected {wanted!r}, got {got!r}", number
    return "the file is longer or shorter than its root", min(expected.count("\n"), actual.count("\n")) + 1
