"""What a caller may have meant: the nearest of what is offered."""

from collections.abc import Iterable

_LONGEST = 64


def nearest(given: str, offered: Iterable[str]) -> str | None:
    """The offered name that a mistyped one is nearest to; None where none is near."""
    names = list(offered)
    text = given[:_LONGEST].strip().lower()
    if not text:
        return None
    begun = [name for name in names if name.startswith(text) or text.startswith(name)]
    ended = [name for name in names if name.endswith(f"_{text}")]
    for near in (ended, begun):
        if len(near) == 1:
            return near[0]
    import difflib  # noqa: PLC0415 - few calls need it

    return next(iter(difflib.get_close_matches(text, names, n=1, cutoff=0.6)), None)


def choices(offered: Iterable[str], between: str = "or") -> str:
    """a, b or c."""
    *most, last = list(offered) or ["none"]
    return f"{', '.join(most)} {between} {last}" if most else last


def meant(given: str, offered: Iterable[str]) -> str:
    """The question that follows a refusal, with a space before it; empty where nothing is near."""
    found = nearest(given, offered)
    return f" Did you mean {found}?" if found else ""
