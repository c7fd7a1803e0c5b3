"""Reads the shell blocks of a document, and the simple commands in them."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
_BLOCK: Final = re.compile(r"^(?P<indent> *)```sh\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE)
_DEFINED: Final = re.compile(r"^(\w+)\(\) \{ (.*) \}$")
_ENDS: Final = frozenset({"\n", ";", "&&", "||", "|", "&"})


@dataclass(frozen=True, slots=True)
class Block:
    """One block of commands, with the line that it begins on."""

    document: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command: its words, with what they substitute left in place; `sets` are variables."""

    words: tuple[str, ...]
    sets: tuple[str, ...] = ()


def blocks(document: str) -> list[Block]:
    """The shell blocks of a document, in order."""
    text = (PROJECT / document).read_text(encoding="utf-8")
    return [
        Block(
            document,
            text.count("\n", 0, match.start()) + 1,
            re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE),
        )
        for match in _BLOCK.finditer(text)
    ]


def inline(document: str) -> Iterator[str]:
    """The commands of AWS that a document names in a line of prose; <…> stands for a value."""
    text = (PROJECT / document).read_text(encoding="utf-8")
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    for found in re.findall(r"`(aws [a-z][^`]*)`", prose):
        yield re.sub(r"<[^>]*>", "VALUE", found)


def commands(text: str) -> Iterator[Command]:
    """Every simple command of a script, those that it substitutes and those of its functions included."""
    text = re.sub(r"\\\n\s*", " ", text)
    for line in text.splitlines():
        if defined := _DEFINED.match(line.strip()):
            yield Command(("defines", defined[1]))
            yield from commands(defined[2])
            continue
        yield from _of_line(line)


def _of_line(line: str) -> Iterator[Command]:
    line, inner = _without_substitutions(line)
    for text in inner:
        yield from commands(text)
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split, lexer.commenters = True, "#"
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word not in _ENDS:
            words.append(word)
            continue
        if words:
            yield _command(words)
        words = []


def _without_substitutions(line: str) -> tuple[str, list[str]]:
    """The line with each `$(…)` as one word, and what stood in them."""
    inner = []
    while (start := line.find("$(")) >= 0:
        depth, end = 1, start + 2
        while depth:
            depth += {"(": 1, ")": -1}.get(line[end], 0)
            end += 1
        inner.append(line[start + 2 : end - 1])
        line = f"{line[:start]}SUBSTITUTED{line[end:]}"
    return line, inner


def _command(words: list[str]) -> Command:
    sets = []
    rest = words[1:] if words[0] == "export" else list(words)
    while rest and re.fullmatch(r"\w+=.*", rest[0], re.DOTALL):
        sets.append(rest.pop(0).partition("=")[0])
    if words[0] == "for":
        sets.append(words[1])
    return Command(tuple(words if words[0] == "export" else rest), tuple(sets))
