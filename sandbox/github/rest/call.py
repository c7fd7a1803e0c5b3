"""One REST call, parsed, and what its answers have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote

from sandbox.github.accounts import NOBODY, Actor

Answer = tuple[int, Any]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any]
    authorization: str
    actor: Actor = NOBODY  # until that is checked

    @property
    def unquoted_path(self) -> str:
        return unquote(self.path)


def page(items: Sequence[Item], query: Mapping[str, str]) -> Sequence[Item]:
    """The page of a list that the query asks for."""
    size = min(int(query.get("per_page", "30")), 100)
    start = (int(query.get("page", "1")) - 1) * size
    return items[start : start + size]
