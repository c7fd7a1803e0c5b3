"""Every format of a root that was ever released is read, byte for byte; formats/ has roots of each."""

import dataclasses
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from provisioner.core import hcl
from provisioner.core.hcl import (
    FIRST_OF_CLUSTERS,
    FORMATS,
    NEWEST,
    WITH_WINDOWS,
    format_of,
    parse,
    render,
    render_removed,
)
from provisioner.core.hcl_literals import RootSyntaxError
from provisioner.core.names import Place
from provisioner.core.root import Restore, Root, Upgrade

from tests.compatibility import samples
from tests.core.examples import root
from tests.core.test_hcl import TEXT

HOME = Path(__file__).parent / "formats"
REPOSITORY = Path(__file__).parents[2]
ROOTS: dict[str, Root] = {
    "mysql_dev": root(),
    "postgres_prod": root(
        database_name="orders",
        database_engine="postgres",
        environment="prod",
        high_availability=True,
        storage_gb=200,
        purpose='Orders, "all" of them: ${not a template}',
        tags={"Service": "orders", "Data Class": "personal"},
    ),
    "restored": dataclasses.replace(root(), restore=Restore(snapshot="prod-orders-final-3f0c1a2b")),
    "enrolled": dataclasses.replace(root(database_engine="postgres"), extended_support=True),
    "upgraded": dataclasses.replace(
        root(database_engine="postgres"),
        engine_version="18",
        upgrade=Upgrade(from_version="15", snapshot="dev-mydb123-before-3f0c1a2b"),
    ),
}
CLUSTERS: dict[str, Root] = {
    "cluster_enrolled": dataclasses.replace(
        root(database_name="old", database_engine="aurora-mysql"), extended_support=True
    ),
    "cluster_dev": root(database_name="nap", database_engine="aurora-postgresql"),
    "cluster_prod": dataclasses.replace(
        root(
            database_name="ledger", database_engine="aurora-mysql", environment="prod", high_availability=True
        ),
        restore=Restore(database="prod-books", point_in_time="latest"),
    ),
    "cluster_of_instance": dataclasses.replace(
        root(database_name="nap", database_engine="aurora-postgresql"),
        restore=Restore(snapshot="dev-orders-final-3f0c1a2b", engine="postgres"),
    ),
}
FILES = [
    (number, name)
    for number in FORMATS
    for name in ROOTS
    if name not in ("upgraded", "enrolled") or number >= WITH_WINDOWS
]
FILES += [(number, name) for number in FORMATS if number >= FIRST_OF_CLUSTERS for name in CLUSTERS]
# Text of NFC, which HCL keeps, without lone surrogates, which no file can hold.
PLAIN = TEXT.map(lambda text: text.encode("utf-8", "replace").decode("utf-8"))


def text_of(number: int, name: str) -> str:
    return (HOME / str(number) / f"{name}.tf").read_bytes().decode("utf-8")


def as_said(one: Root, number: int) -> Root:
    """A root as far as a format has words for it."""
    if number >= WITH_WINDOWS:
        return one
    return dataclasses.replace(
        one, backup_window="", maintenance_window="", upgrade=None, extended_support=False
    )


@st.composite
def any_root(draw: st.DrawFn) -> Root:
    tags = st.dictionaries(st.from_regex(r"[A-Za-z0-9 _.:/=+@-]{1,20}", fullmatch=True), PLAIN, max_size=3)
    restores = st.sampled_from(
        [
            None,
            Restore(snapshot="prod-orders-final-3f0c1a2b"),
            Restore(database="dev-orders", point_in_time="latest"),
        ]
    )
    return dataclasses.replace(
        draw(st.sampled_from(list(ROOTS.values()))),
        storage_gb=draw(st.integers(20, 65536)),
        multi_az=draw(st.booleans()),
        deletion_protection=draw(st.booleans()),
        purpose=draw(PLAIN),
        owner=draw(PLAIN),
        tags=draw(tags),
        restore=draw(restores),
        backup_window=draw(st.sampled_from(["", "03:00-03:30"])),
        maintenance_window=draw(PLAIN),
        extended_support=draw(st.booleans()),
        upgrade=draw(st.none() | st.builds(Upgrade, from_version=PLAIN, snapshot=PLAIN)),
    )


def test_each_format_has_its_roots_and_none_was_taken_out() -> None:
    assert FORMATS == (1, 2, 3)
    assert {int(path.name) for path in HOME.iterdir()} == set(FORMATS)


@pytest.mark.parametrize(("number", "name"), FILES)
def test_a_root_of_each_format_is_written_as_it_was_released(number: int, name: str) -> None:
    assert render((ROOTS | CLUSTERS)[name], number) == text_of(number, name)


@pytest.mark.parametrize(("number", "name"), FILES)
def test_a_root_of_each_format_says_what_it_was_made_of(number: int, name: str) -> None:
    assert format_of(text_of(number, name)) == number
    assert parse(text_of(number, name)) == as_said((ROOTS | CLUSTERS)[name], number)


@pytest.mark.parametrize("number", FORMATS)
def test_the_empty_root_keeps_the_backend_and_holds_nothing(number: int) -> None:
    assert render_removed(Place("dev", "mydb123"), number) == text_of(number, "removed")


@settings(max_examples=100)
@given(any_root(), st.sampled_from(FORMATS))
def test_each_format_comes_back_byte_for_byte(one: Root, number: int) -> None:
    text = render(one, number)

    assert format_of(text) == number
    assert parse(text) == as_said(one, number)
    assert render(parse(text), format_of(text)) == text
    assert text in hcl.renderings(one)


@settings(max_examples=300)
@given(st.data(), st.sampled_from(FILES))
def test_a_root_of_any_format_with_one_byte_changed_says_something_else_or_nothing(
    data: st.DataObject, file: tuple[int, str]
) -> None:
    """A changed byte may give another root of the same format, such as 30 GB for 20; it is never taken for
    the same root, and what no release wrote is refused.
    """
    content = text_of(*file).encode()
    at = data.draw(st.integers(0, len(content) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != content[at]))
    changed = (content[:at] + bytes([byte]) + content[at + 1 :]).decode("utf-8", "replace")

    try:
        found = parse(changed)
    except RootSyntaxError:
        return
    assert found != as_said((ROOTS | CLUSTERS)[file[1]], file[0])
    assert render(found, file[0]) == changed


@pytest.mark.parametrize(("number", "name"), FILES)
def test_every_byte_outside_a_value_refuses_the_root_when_changed(number: int, name: str) -> None:
    """All of them, one after the other: no byte of the format itself may differ."""
    lines = text_of(number, name).split("\n")
    for index, line in enumerate(lines):
        for at in range(len(line)):
            if _is_in_a_value(line, at):
                continue
            other = "~" if line[at] != "~" else "!"
            changed = [*lines[:index], line[:at] + other + line[at + 1 :], *lines[index + 1 :]]
            with pytest.raises(RootSyntaxError):
                parse("\n".join(changed))


def _is_in_a_value(line: str, at: int) -> bool:
    """Whether a place in a line is within the text of an argument or tag; no value is left to itself."""
    name, equals, _ = line.partition(" = ")
    is_argument = line.startswith("  ") and equals and not line.rstrip().endswith("{")
    free = name.strip().startswith('"') or any(
        name.strip() == field.name for field in dataclasses.fields(Root)
    )
    free = free or name.strip() in ("snapshot", "database", "point_in_time", "from")
    return bool(is_argument and free and '"' in line and line.index('"') < at < len(line) - 1)


def test_a_root_of_a_later_format_says_what_to_do() -> None:
    later = text_of(3, "mysql_dev").replace("format 3.", "format 4.")

    with pytest.raises(RootSyntaxError, match=r"format 4 .* a newer release wrote it, so merge that one"):
        parse(later)


@pytest.mark.parametrize("line", ["format 1.", "format 02.", "format 2.0.", "Format 2."])
def test_a_number_that_no_release_wrote_is_refused(line: str) -> None:
    with pytest.raises(RootSyntaxError):
        parse(text_of(2, "mysql_dev").replace("format 2.", line))


def test_the_module_says_the_newest_format() -> None:
    assert (REPOSITORY / hcl.FORMAT_PATH).read_text() == f"{NEWEST}\n"


def test_only_the_first_format_names_a_version_of_the_provider() -> None:
    naming = {number for number, name in FILES if "required_providers" in text_of(number, name)}
    assert naming == {1}
    assert 'version = ">= 5.100, < 7"' in (
        REPOSITORY / "terraform" / "modules" / "rds_database" / "versions.tf"
    ).read_text(encoding="utf-8")


def test_the_roots_of_the_first_release_are_of_the_first_format() -> None:
    texts = [path.read_text(encoding="utf-8") for path in samples.HOME.glob("roots/*.tf")]
    assert {format_of(text) for text in texts if 'module "database"' in text} == {1}


def test_terraform_finds_nothing_to_format() -> None:
    subprocess.run(["terraform", "fmt", "-check", "-recursive", str(HOME)], check=True, capture_output=True)
