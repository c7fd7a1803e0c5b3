"""Which package imports which: the table of what is allowed, and what the sources say.

A package of `lambda/provisioner` and a module that stands next to them (`settings`, `wiring`) is a room; so
is each package at the top of the repository. An arrow leads from a room to what it imports.
"""

import ast
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[1]
FUNCTIONS: Final = PROJECT / "lambda" / "provisioner"
OUTSIDE: Final = ("pipeline", "ops", "sandbox", "rdsctl", "console")

# Each room with what it may import: a room, or one module of it. What is not here is not allowed.
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    room: frozenset(imports.split())
    for room, imports in {
        "core": "",
        "circleci": "core",
        "github": "core",
        "ledger": "core",
        "notify": "core",
        "access": "core ledger",
        "notifier": "core ledger",
        "settings": "core ledger",
        "intake": "core ledger",
        "pull_requests": "core ledger github circleci",
        "api": "core ledger intake",
        "reports": "core ledger github pull_requests",
        "reaper": "core github intake pull_requests",
        "wiring": "core github intake circleci settings",
        "handlers": "core ledger github notify notifier access settings intake pull_requests "
        "api reports reaper wiring",
        "pipeline": "core reports.schema",
        "ops": "core ledger notifier.slack github intake pull_requests circleci",
        "sandbox": "ops.migrate ops.team_key core.code_owners core.windows ledger.ledger",
        "rdsctl": "",
        "console": "",
    }.items()
}


def rooms() -> set[str]:
    """Every room that there is."""
    inner = {
        path.stem for path in FUNCTIONS.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    return inner - {"__init__"} | {name for name in OUTSIDE if (PROJECT / name).is_dir()}


def modules() -> dict[str, Path]:
    """Every module of every room by its dotted name; those of the functions without `provisioner`."""
    found = {}
    homes = ((FUNCTIONS, None), (PROJECT, {*OUTSIDE} - {"rdsctl"}), (PROJECT / "rdsctl" / "src", {"rdsctl"}))
    for home, names in homes:
        for path in sorted(home.rglob("*.py")):
            parts = path.relative_to(home).with_suffix("").parts
            if names is None or parts[0] in names:
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    del found[""]
    return found


def graph() -> dict[str, set[str]]:
    """Each module with the modules that it imports, anywhere in its text."""
    known = modules()
    return {name: set(_imported(path, known)) - {name} for name, path in known.items()}


def _imported(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports name their package"
            base = node.module or ""
            named = [f"{base}.{alias.name}" for alias in node.names]
            named = [name if name.removeprefix("provisioner.") in known else base for name in named]
        else:
            continue
        yield from (name for name in (name.removeprefix("provisioner.") for name in named) if name in known)


def room_of(module: str) -> str:
    """The room of a module."""
    return module.partition(".")[0]


def arrows() -> set[tuple[str, str]]:
    """(room, imported module) for each import that leaves its room."""
    return {
        (room_of(module), imported)
        for module, imports in graph().items()
        for imported in imports
        if room_of(imported) != room_of(module)
    }


def allows(room: str, imported: str) -> bool:
    """Whether the table lets the room import that module."""
    return any(imported == entry or imported.startswith(f"{entry}.") for entry in ALLOWED[room])


def floors() -> dict[str, int]:
    """How many rooms high each room of the functions stands in the table; `core` is on the first."""
    inner = {room: imports for room, imports in ALLOWED.items() if room not in OUTSIDE}
    found: dict[str, int] = {}
    for room in TopologicalSorter(inner).static_order():
        found[room] = 1 + max((found[imported] for imported in inner[room]), default=0)
    return found
