"""Imports go the way that the table of arrows allows, and never in a circle."""

from graphlib import TopologicalSorter

from tests.arrows import ALLOWED, allows, arrows, floors, graph, room_of, rooms


def test_every_room_is_in_the_table() -> None:
    assert rooms() <= set(ALLOWED)


def test_a_room_imports_what_the_table_allows() -> None:
    assert {(room, imported) for room, imported in arrows() if not allows(room, imported)} == set()


def test_the_table_allows_nothing_that_no_room_imports() -> None:
    used = {(room, entry) for room, imported in arrows() for entry in (imported, room_of(imported))}
    unused = {(room, entry) for room, entries in ALLOWED.items() for entry in entries} - used
    assert unused == set()


def test_the_rules_import_nothing_of_the_others_and_the_command_line_nothing_at_all() -> None:
    assert ALLOWED["core"] == ALLOWED["rdsctl"] == set()


def test_the_pipeline_imports_the_rules_and_the_reports_schema_alone() -> None:
    assert ALLOWED["pipeline"] <= {"core", "reports.schema"}


def test_no_module_imports_itself_by_way_of_others() -> None:
    TopologicalSorter(graph()).prepare()  # raises CycleError, which names the circle


def test_the_functions_stand_on_five_floors() -> None:
    assert max(floors().values()) <= 5
    assert floors()["handlers"] == 5
