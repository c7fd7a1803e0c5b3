"""Evaluates CircleCI's `<< values >>` and conditions; anything it does not know is an error, never a guess.

https://circleci.com/docs/reference/configuration-reference/#logic-statements
"""

import re
from collections.abc import Mapping
from typing import Any

VALUE = re.compile(r"(?<!\\)<<\s*([A-Za-z0-9_.-]+)\s*>>")
TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*') |
        (?P<operator>==|!=|\(|\)) |
        (?P<word>[A-Za-z0-9_.-]+)
    )""",
    re.VERBOSE,
)


class ConfigError(Exception):
    """The configuration is wrong, or uses something that this stand-in does not know."""


def fill(node: Any, values: Mapping[str, Any]) -> Any:
    """Replace every `<< name >>` below `node`. A scalar that is one value alone keeps the value's type."""
    if isinstance(node, dict):
        return {fill(key, values): fill(item, values) for key, item in node.items()}
    if isinstance(node, list):
        return [fill(item, values) for item in node]
    if not isinstance(node, str):
        return node
    if whole := VALUE.fullmatch(node.strip()):
        return look_up(whole[1], values)
    return VALUE.sub(lambda match: as_text(look_up(match[1], values)), node)


def unescape(command: str) -> str:
    r"""A heredoc is written `\<<` in a configuration, because `<<` opens a value."""
    return command.replace("\\<<", "<<")


def look_up(name: str, values: Mapping[str, Any]) -> Any:
    if name not in values:
        raise ConfigError(f"<< {name} >> is not a value this stand-in knows")
    return values[name]


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def holds(condition: Any, values: Mapping[str, Any]) -> bool:
    """Whether a `when` condition is true: a value, a logic statement or an expression."""
    if isinstance(condition, str) and not VALUE.search(condition) and TOKEN.match(condition):
        return _Expression(condition, values).value()
    condition = fill(condition, values)
    if not isinstance(condition, dict):
        return truthy(condition)
    if len(condition) != 1:
        raise ConfigError(f"a logic statement has one operator, not {sorted(condition)}")
    ((operator, operand),) = condition.items()
    if operator == "and":
        return all(holds(item, values) for item in operand)
    if operator == "or":
        return any(holds(item, values) for item in operand)
    if operator == "not":
        return not holds(operand, values)
    if operator == "equal":
        return all(item == operand[0] for item in operand)
    if operator == "matches":
        return re.fullmatch(_pattern(operand["pattern"]), as_text(operand["value"])) is not None
    raise ConfigError(f"the logic operator {operator!r} is not one this stand-in knows")


def truthy(value: Any) -> bool:
    """CircleCI's falsy values: false, null, 0, NaN and the empty string."""
    return value not in (False, None, 0, "")


def branch_matches(rule: Any, branch: str) -> bool:
    """Whether one of the names or /regular expressions/ in a branch filter matches the whole name."""
    for item in rule if isinstance(rule, list) else [rule]:
        if item == branch or (
            item.startswith("/") and item.endswith("/") and re.fullmatch(item[1:-1], branch)
        ):
            return True
    return False


def _pattern(text: str) -> str:
    return text[1:-1] if text.startswith("/") and text.endswith("/") else text


class _Expression:
    """`pipeline.git.branch == "main" and not pipeline.parameters.nightly`, by recursive descent."""

    def __init__(self, text: str, values: Mapping[str, Any]) -> None:
        self._text = text
        self._values = values
        self._tokens = list(self._split(text))

    def value(self) -> bool:
        result = self._either()
        if self._tokens:
            raise ConfigError(f"the condition {self._text!r} has an unexpected {self._tokens[0]!r}")
        return truthy(result)

    def _split(self, text: str) -> list[str]:
        tokens, position = [], 0
        while text[position:].strip():
            match = TOKEN.match(text, position)
            if match is None:
                raise ConfigError(f"the condition {text!r} is not understood from {text[position:]!r} on")
            tokens.append(match[0].strip())
            position = match.end()
        return tokens

    def _take(self, *wanted: str) -> bool:
        if self._tokens and self._tokens[0] in wanted:
            self._tokens.pop(0)
            return True
        return False

    def _either(self) -> Any:
        result = self._both()
        while self._take("or"):
            other = self._both()
            result = truthy(result) or truthy(other)
        return result

    def _both(self) -> Any:
        result = self._negation()
        while self._take("and"):
            other = self._negation()
            result = truthy(result) and truthy(other)
        return result

    def _negation(self) -> Any:
        if self._take("not"):
            return not truthy(self._negation())
        return self._comparison()

    def _comparison(self) -> Any:
        left = self._operand()
        if self._take("=="):
            return left == self._operand()
        if self._take("!="):
            return left != self._operand()
        if self._take("starts-with"):
            return as_text(left).startswith(as_text(self._operand()))
        return left

    def _operand(self) -> Any:
        if self._take("("):
            result = self._either()
            if not self._take(")"):
                raise ConfigError(f"the condition {self._text!r} lacks a closing parenthesis")
            return result
        if not self._tokens:
            raise ConfigError(f"the condition {self._text!r} ends too early")
        token = self._tokens.pop(0)
        if token[0] in "\"'":
            return token[1:-1]
        if token in ("true", "false"):
            return token == "true"
        if token.isdigit():
            return int(token)
        return look_up(token, self._values)
