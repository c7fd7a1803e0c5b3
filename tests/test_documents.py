"""The documents: what they link to, name and draw is there."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.arrows import ALLOWED, FUNCTIONS, OUTSIDE, PROJECT, allows

ADR = PROJECT / "docs" / "adr"
DOCUMENTS = sorted(
    path
    for path in PROJECT.rglob("*.md")
    if not {".venv", ".cache", ".sandbox", "node_modules", "golden"} & set(path.relative_to(PROJECT).parts)
)
TOP = ("lambda", "pipeline", "ops", "sandbox", "terraform", "tests", "docs", "bench", "sam", ".circleci")
# What an operator makes in a copy of the repository.
MADE_LATER = {"terraform/databases", "terraform/foundation/backend.tf"}

each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))


def prose(path: Path) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives a document's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    plain = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in plain}


@each_document
def test_a_documents_links_lead_somewhere(path: Path) -> None:
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(path)):
        file, _, anchor = unquote(link).partition("#")
        if link.startswith(("https://", "mailto:")):
            continue
        target = path.parent / file if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def named_paths(path: Path) -> Iterator[str]:
    """The repository's files and folders that a document names in backticks."""
    for name in re.findall(r"`([\w./-]+)`", prose(path)):
        if "/" in name and name.split("/")[0] in TOP:
            yield name


@each_document
def test_the_paths_that_a_document_names_exist(path: Path) -> None:
    lost = [name for name in named_paths(path) if not (PROJECT / name).exists()]
    assert [name for name in lost if name not in MADE_LATER] == []


@each_document
def test_the_modules_that_a_document_runs_exist(path: Path) -> None:
    named = set(re.findall(r"python -m ([a-z_]+(?:\.[a-z_]+)*)", path.read_text(encoding="utf-8")))
    assert {name for name in named if importlib.util.find_spec(name) is None} == set()


def test_the_index_of_decisions_holds_each_in_order_under_its_own_title() -> None:
    pages = sorted(path for path in ADR.glob("*.md") if path.name != "README.md")
    expected = []
    for number, page in enumerate(pages, start=1):
        title = page.read_text(encoding="utf-8").partition("\n")[0]
        assert page.name.startswith(f"{number:04}-")
        assert title.startswith(f"# {number}. ")
        expected.append(f"{number}. [{title.removeprefix(f'# {number}. ')}]({page.name})")
    index = (ADR / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in index if re.match(r"\d+\. ", line)] == expected


def diagram() -> tuple[set[str], set[str], set[tuple[str, str]]]:
    """The packages inside the diagram's box, those outside, and the arrows."""
    text = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (drawn,) = re.findall(r"^```mermaid\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    box, _, rest = drawn.partition("\n    end\n")
    boxes = re.compile(r'^ +(\w+)\["', re.MULTILINE)
    found = re.findall(r"^ +(\w+) --> (.+)$", rest, re.MULTILINE)
    arrows = {(room, target) for room, targets in found for target in targets.split(" & ")}
    return set(boxes.findall(box)), set(boxes.findall(rest)), arrows


def test_the_diagram_names_exactly_the_packages() -> None:
    inside, outside, arrows = diagram()
    assert inside == {path.parent.name for path in FUNCTIONS.glob("*/__init__.py")}
    assert outside <= set(OUTSIDE)
    assert {room for arrow in arrows for room in arrow} == inside | outside


def test_each_arrow_of_the_diagram_is_allowed() -> None:
    _, _, arrows = diagram()
    assert {(room, target) for room, target in arrows if not allows(room, target)} == set()


def test_what_may_be_imported_can_be_reached_in_the_diagram() -> None:
    inside, _, arrows = diagram()

    def reached(room: str) -> set[str]:
        following = {target for source, target in arrows if source == room}
        return following | {far for near in following for far in reached(near)}

    missing = {
        (room, target) for room in inside for target in ALLOWED[room] & inside if target not in reached(room)
    }
    assert missing == set()


def test_the_walk_names_files_that_are_there() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`([\w/]+\.py)`", text))
    assert {
        name for name in files if not (FUNCTIONS / name).exists() and not (PROJECT / name).exists()
    } == set()
    shown = {name.partition("/")[0] for name in files}
    assert {path.parent.name for path in FUNCTIONS.glob("*/__init__.py")} <= shown
