"""A mutant is one named change; a run fails on a survivor that nobody explained."""

import ast
import threading
from typing import Any

import pytest
import yaml

from bench.lines_run import Ran, chosen, recorded
from bench.mutants import SUITES, SURVIVORS, Verdict, complaints, path_of
from bench.mutations import mutants

SOURCE = '''"""No docstring is changed."""

KINDS = {"a", "b"}


def rule(age: int, name: str = "x", *, strict: bool = True) -> str:
    """Nor this one."""
    if not strict and age >= 3:
        raise ValueError(f"never inside {age}")
    return "young" if age - 1 in (1, 2) else name
'''


def names(source: str) -> list[str]:
    return [mutant.name for mutant in mutants(source)]


def test_each_mutant_is_one_change_and_says_which() -> None:
    assert names(SOURCE) == [
        "module: {'a', 'b'} -> {'b'}",
        "module: {'a', 'b'} -> {'a'}",
        "module: 'a' -> 'Xa'",
        "module: 'b' -> 'Xb'",
        "rule: True -> False",
        "rule: 'x' -> 'Xx'",
        "rule: not strict and age >= 3 -> not strict or age >= 3",
        "rule: not strict and age >= 3 -> not strict",
        "rule: not strict and age >= 3 -> age >= 3",
        "rule: not strict -> strict",
        "rule: age >= 3 -> age > 3",
        "rule: 3 -> 4",
        "rule: raise ValueError(f'never inside {age}') -> nothing",
        "rule: 'young' if age - 1 in (1, 2) else name -> name if age - 1 in (1, 2) else 'young'",
        "rule: age - 1 in (1, 2) -> age - 1 not in (1, 2)",
        "rule: age - 1 in (1, 2) -> age - 1 in (2,)",
        "rule: age - 1 in (1, 2) -> age - 1 in (1,)",
        "rule: age - 1 -> age + 1",
        "rule: 1 -> 2",
        "rule: 1 -> 2 (2)",
        "rule: 2 -> 3",
        "rule: 'young' -> 'Xyoung'",
    ]


def test_each_mutant_differs_from_the_module_and_from_the_others() -> None:
    texts = [ast.unparse(mutant.tree) for mutant in mutants(SOURCE)]
    assert len({ast.unparse(ast.parse(SOURCE)), *texts}) == len(texts) + 1


def test_what_is_in_a_function_can_be_changed_where_it_is_loaded() -> None:
    assert {mutant.in_function for mutant in mutants(SOURCE) if mutant.name.startswith("module: ")} == {False}
    assert {mutant.in_function for mutant in mutants(SOURCE) if mutant.name.startswith("rule: ")} == {True}


def test_a_mutant_names_the_lines_that_run_where_it_does() -> None:
    lines = {mutant.name: list(mutant.lines) for mutant in mutants(SOURCE)}
    assert lines["rule: age >= 3 -> age > 3"] == [8]
    assert lines["rule: raise ValueError(f'never inside {age}') -> nothing"] == [9]
    assert lines["rule: 2 -> 3"] == [10]
    across = mutants("def rule():\n    while a > b:\n        call(\n            x,\n            y or z)\n")
    lines = {mutant.name: list(mutant.lines) for mutant in across}
    assert lines["rule: a > b -> a >= b"] == [2]
    assert lines["rule: y or z -> y and z"] == [3, 4, 5]


def test_a_mutant_is_tried_on_the_tests_that_run_its_lines_the_quickest_first() -> None:
    tests = [Ran(3, frozenset({8, 10})), Ran(1, frozenset({10})), Ran(2, frozenset({8, 9}))]
    assert chosen(tests, range(8, 9)) == [2, 0]
    assert chosen(tests, range(10, 11)) == [1, 0]
    assert chosen(tests, range(1, 2)) == [1, 2, 0]


def test_what_a_test_runs_of_a_file_is_seen_in_its_threads_too() -> None:
    code: dict[str, Any] = {}
    exec(compile("def one():\n    return 1\n\ndef two():\n    return 2\n", "rule.py", "exec"), code)

    def run() -> None:
        thread = threading.Thread(target=code["two"])
        thread.start()
        thread.join()

    assert recorded("rule.py", run).lines == {5}
    assert recorded("rule.py", code["one"]).lines == {2}
    assert recorded("other.py", run).lines == frozenset()


def test_a_survivor_without_a_reason_and_a_reason_without_a_survivor_are_complained_about() -> None:
    verdict = Verdict("core.policy", survivors=["a", "b"], total=100)

    assert complaints([verdict], {"core.policy": {"a": "why", "b": "why"}}) == []
    assert complaints([verdict], {"core.policy": {"a": "why", "c": "why"}}) == [
        "core.policy: survives: b",
        "core.policy: noticed, so take it out of survivors.yaml: c",
    ]


@pytest.mark.parametrize(("survivors", "enough"), [(8, True), (9, False)])
def test_92_percent_have_to_be_noticed(survivors: int, enough: bool) -> None:
    listed = [str(number) for number in range(survivors)]
    found = complaints([Verdict("m", listed, 100)], {"m": dict.fromkeys(listed, "why")})
    assert found == ([] if enough else ["91 of 100 mutants are noticed; 92 % have to be"])


def test_every_module_is_there_and_every_reason_is_of_one_of_its_mutants() -> None:

    reasons = yaml.safe_load(SURVIVORS.read_text(encoding="utf-8"))
    assert set(reasons) <= set(SUITES)
    for module in SUITES:
        known = names(path_of(module).read_text(encoding="utf-8"))
        assert set(reasons.get(module, {})) <= set(known)
        assert all(reasons.get(module, {}).values())
