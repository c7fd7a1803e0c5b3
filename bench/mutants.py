"""Whether the tests notice a small change of the rules that decide what is merged, applied and removed.

`make mutants` makes every mutant (bench/mutations.py) of the modules in SUITES and runs those tests of the
module's suites on it that run the changed lines, the quickest first, until the first failure. The mutants
that survive stand in bench/survivors.yaml with the reason. It fails where a survivor has no reason there,
where one that has is noticed after all, or where less than LEAST of the mutants are noticed. `make mutants
MODULE=core.policy` looks at one module.

A mutant lives in a fork of this process, which has loaded the tests once; no file is changed.
"""

import argparse
import ast
import contextlib
import importlib.abc
import importlib.machinery
import importlib.util
import io
import itertools
import os
import pickle
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, BinaryIO, Final

import pytest
import yaml

from bench.lines_run import Ran, chosen, recorded
from bench.mutations import Mutant, mutants

PROJECT: Final = Path(__file__).parents[1]
SURVIVORS: Final = Path(__file__).with_name("survivors.yaml")
LEAST: Final = 92.0  # percent
# A mutant that takes so many times as long as the module itself runs for ever.
PATIENCE: Final = 10
SUITES: Final = {
    "provisioner.core.policy": ["tests/core/test_policy.py"],
    "provisioner.core.transitions": ["tests/core/test_transitions.py"],
    # What takes seconds finds nothing here that the stories do not.
    "provisioner.core.lifecycle": ["tests/core/test_lifecycle.py", "-k", "not thousand"],
    "provisioner.core.expiry": ["tests/core/test_expiry.py", "-k", "not thousand"],
    "provisioner.pull_requests.publish": ["tests/pull_requests/test_publish_answers.py"],
    "provisioner.pull_requests.merge": ["tests/pull_requests/test_merge.py"],
    "pipeline.gate": ["tests/pipeline/test_gate_rules.py"],
    "pipeline.apply_checks": ["tests/pipeline/test_apply_checks.py"],
    "pipeline.review_check": ["tests/pipeline/test_review_check.py"],
}
OPTIONS: Final = (
    "-x",
    "-q",
    "--no-header",
    "--tb=short",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:terminalreporter",
)


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from a mutant's code in place of its file."""

    def __init__(self, name: str, path: Path, code: CodeType) -> None:
        self._name, self._path, self._code = name, path, code

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:  # noqa: ARG002
        return None

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)  # noqa: S102 - our own module, slightly changed


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the mutants of one module fared."""

    module: str
    survivors: list[str]
    total: int


def path_of(module: str) -> Path:
    """The file of a module."""
    folder = PROJECT if module.startswith("pipeline.") else PROJECT / "lambda"
    return folder.joinpath(*module.split(".")).with_suffix(".py")


class _Trial:
    """A pytest plugin: its session runs the collected tests once as they are, then once on each mutant."""

    def __init__(self, module: str, say: Callable[[str], None]) -> None:
        self._module, self._say = module, say
        self._tests: list[Ran] = []
        self.survivors: list[str] = []
        self.total = 0
        self.passes = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        began = time.monotonic()
        with tempfile.TemporaryFile() as answer:
            self.passes = not _fails(lambda: self._record(session, answer), 600)
            if not self.passes:
                return True
            answer.seek(0)
            self._tests = pickle.load(answer)  # noqa: S301 - written by the fork
        patience = PATIENCE * (time.monotonic() - began) + 10
        for mutant in mutants(path_of(self._module).read_text(encoding="utf-8")):
            self.total += 1
            if not _fails(lambda: self._run(session, mutant), patience):  # noqa: B023 - it runs at once
                self.survivors.append(mutant.name)
                self._say(f"  survives: {mutant.name}")
        return True

    def _record(self, session: pytest.Session, answer: BinaryIO) -> bool:
        """Whether the tests pass on the module as it is; writes down which lines each one runs."""
        tests, path = [], str(path_of(self._module))
        for item in session.items:
            tests.append(recorded(path, lambda: _run_items(session, [item])))  # noqa: B023 - it runs at once
            if session.testsfailed:
                return False
        pickle.dump(tests, answer)
        answer.flush()
        return True

    def _run(self, session: pytest.Session, mutant: Mutant) -> bool:
        """Whether the tests pass on a mutant; in a fork."""
        path = path_of(self._module)
        code = compile(ast.fix_missing_locations(mutant.tree), str(path), "exec", dont_inherit=True)
        if mutant.in_function:
            changed = ModuleType(self._module)
            changed.__file__ = str(path)
            exec(code, changed.__dict__)  # noqa: S102 - our own module, slightly changed
            _transplant(vars(sys.modules[self._module]), vars(changed), str(path))
            items = [session.items[position] for position in chosen(self._tests, mutant.lines)]
            return _run_items(session, items)
        # What other modules took of it when they were loaded is changed by loading everything once more.
        for name in [
            name for name in sys.modules if name.partition(".")[0] in ("provisioner", "pipeline", "tests")
        ]:
            del sys.modules[name]
        sys.meta_path.insert(0, _Changed(self._module, path, code))
        return pytest.main([*OPTIONS, *SUITES[self._module]]) == 0


def _run_items(session: pytest.Session, items: Sequence[pytest.Item]) -> bool:
    """Run some of the tests that a session collected, until the first failure; whether all passed."""
    for item, following in itertools.zip_longest(items, items[1:]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return False
    return True


def _fails(run: Callable[[], bool], seconds: float) -> bool:
    """Whether a run in a fork of this process does not pass, or takes longer."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        try:
            os._exit(0 if run() else 1)
        except BaseException:  # a mutant may raise anything while it is loaded
            os._exit(1)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) != 0
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _transplant(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> None:
    """Give the functions that are loaded the code of their namesakes, so that every reference sees it."""
    for name, value in new.items():
        known, changed = _function(old.get(name)), _function(value)
        if known and changed and changed.__code__.co_filename == path:
            known.__code__, known.__defaults__ = changed.__code__, changed.__defaults__
            known.__kwdefaults__ = changed.__kwdefaults__
        elif (
            isinstance(value, type)
            and isinstance(old.get(name), type)
            and value.__module__ == new["__name__"]
        ):
            _transplant(vars(old[name]), {**vars(value), "__name__": new["__name__"]}, path)


def _function(value: Any) -> FunctionType | None:
    """The function inside what a module or a class holds."""
    for inside in ("fget", "__func__", "__wrapped__"):
        value = getattr(value, inside, value)
    return value if isinstance(value, FunctionType) else None


def judge(module: str, *, say: Callable[[str], None]) -> Verdict:
    """Run every mutant of a module; raises SystemExit where its suites fail without one."""
    began, trial = time.monotonic(), _Trial(module, say)
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet):
        pytest.main([*OPTIONS, *SUITES[module]], plugins=[trial])
    if not trial.passes:
        raise SystemExit(f"{module}: its suites fail as they are:\n{quiet.getvalue()}")
    noticed, seconds = trial.total - len(trial.survivors), time.monotonic() - began
    share = 100 * noticed / trial.total
    say(f"{module}: {noticed} of {trial.total} noticed ({share:.1f} %) in {seconds:.0f} s")
    return Verdict(module, trial.survivors, trial.total)


def complaints(verdicts: list[Verdict], reasons: dict[str, dict[str, str]]) -> list[str]:
    """What is wrong with a run: survivors without a reason, reasons without a survivor, too few noticed."""
    found = []
    for verdict in verdicts:
        known = reasons.get(verdict.module) or {}
        found += [f"{verdict.module}: survives: {name}" for name in verdict.survivors if name not in known]
        found += [
            f"{verdict.module}: noticed, so take it out of {SURVIVORS.name}: {name}"
            for name in known
            if name not in verdict.survivors
        ]
    total = sum(verdict.total for verdict in verdicts)
    noticed = total - sum(len(verdict.survivors) for verdict in verdicts)
    if noticed < LEAST / 100 * total:
        found.append(f"{noticed} of {total} mutants are noticed; {LEAST:g} % have to be")
    return found


def _say(text: str) -> None:
    print(text, file=sys.__stdout__, flush=True)


def main() -> int:
    """The command: the exit status says whether all is as SURVIVORS says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", help="the end of a module's name, such as core.policy")
    wanted = tuple(parser.parse_args().modules)
    modules = [module for module in SUITES if not wanted or module.endswith(wanted)]
    if not modules:
        raise SystemExit(f"no such module; there are {', '.join(SUITES)}")
    os.chdir(PROJECT)
    sys.path[:0] = [str(PROJECT / "lambda"), str(PROJECT)]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # their loading takes longer than most suites
    verdicts = [judge(module, say=_say) for module in modules]
    reasons = yaml.safe_load(SURVIVORS.read_text(encoding="utf-8")) or {}
    found = complaints(verdicts, reasons)
    total = sum(verdict.total for verdict in verdicts)
    noticed = total - sum(len(verdict.survivors) for verdict in verdicts)
    print(f"{noticed} of {total} mutants noticed ({100 * noticed / total:.1f} %)")
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
