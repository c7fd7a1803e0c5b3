"""Evaluates CircleCI's `<< values >>` and conditions; anything it does not know is an error, never a guess.

https://circleci.com/docs/reference/configuration-reference/#logic-statements
"""

import re
from collections.abc import Mapping
from typing import Any

VALUE = re.compile(r"(?<!\\)<<\s*([A-Za-z0-9_.-]+)\s*>>")


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
    """Whether a `when` condition is true: a boolean value, or `not` one."""
    condition = fill(condition, values)
    if isinstance(condition, bool):
        return condition
    if isinstance(condition, dict) and set(condition) == {"not"}:
        return not holds(condition["not"], values)
    raise ConfigError(f"the condition {condition!r} is not one this stand-in knows")


def branch_matches(rule: Any, branch: str) -> bool:
    """Whether one of the names or /regular expressions/ in a branch filter matches the whole name."""
    for item in rule if isinstance(rule, list) else [rule]:
        if item == branch or (
            item.startswith("/") and item.endswith("/") and re.fullmatch(item[1:-1], branch)
        ):
            return True
    return False
