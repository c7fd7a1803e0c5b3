"""Every hostile pull request is denied by the rule that is there for it, and no rule is there in vain."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from provisioner.core import hcl, policy
from provisioner.core.policy import PolicyResult
from provisioner.core.root import Root

from pipeline import gate
from pipeline.gate import Verdict
from pipeline.git import Checkout
from pipeline.plan import judge
from tests.core.examples import CATALOG_TEXT, NOW, catalog, root
from tests.pipeline.hostile import hostile
from tests.pipeline.hostile_case import LOCK, File, Hostile, Tree, of

# `make hostile` tries each of them in every environment and on both engines; otherwise one root serves.
EVERYWHERE: Final = bool(os.environ.get("HOSTILE_EVERYWHERE"))
BASES: Final = [
    root(environment=environment, database_engine=engine)
    for environment in (("dev", "staging", "prod") if EVERYWHERE else ("dev",))
    for engine in (("mysql", "postgres") if EVERYWHERE else ("mysql",))
]
CASES: Final = [(base, case) for base in BASES for case in hostile(base)]
RULES: Final = sorted({case.rule for _, case in CASES})


class Corpus:
    """One repository that has every pull request as a branch, with the base branch that it is for."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._git("init", "--quiet", "--bare")
        stream = b"".join(self._branches(str(number), case) for number, (_, case) in enumerate(CASES))
        passing = b"".join(self._branches(f"good{number}", _good(base)) for number, base in enumerate(BASES))
        self._git("fast-import", "--quiet", given=stream + passing)

    def judge(self, name: str, case: Hostile) -> Verdict:
        """The gate's verdict, as the job reaches it in its checkout."""
        self._git("symbolic-ref", "HEAD", f"refs/heads/pull/{name}")
        checkout = Checkout(self.directory, base=f"refs/heads/base/{name}")
        return judge(checkout, branch=case.branch, catalog=catalog(), now=NOW)

    def _branches(self, name: str, case: Hostile) -> bytes:
        start: Tree = {"catalog.yaml": CATALOG_TEXT, LOCK: "# provider lock\n"}
        base, pull = f"refs/heads/base/{name}", f"refs/heads/pull/{name}"
        commits = _commit(base, None, {**start, **case.main}) + _commit(pull, base, case.changes)
        return commits + (_commit(base, None, case.moved) if case.moved else b"")

    def _git(self, *arguments: str, given: bytes = b"") -> None:
        subprocess.run(
            ["git", "-C", str(self.directory), *arguments], input=given, check=True, capture_output=True
        )


def _commit(branch: str, parent: str | None, tree: Tree) -> bytes:
    """One commit of a stream for `git fast-import`, which goes on from a branch that it knows already."""
    lines = [f"commit {branch}\ncommitter Mallory <mallory@example.com> 1790000000 +0000\n".encode()]
    lines.append(b"data 0\n")
    if parent:
        lines.append(f"from {parent}\n".encode())
    for path, file in tree.items():
        shown = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        if file is None:
            lines.append(f"D {shown}\n".encode())
            continue
        made = file if isinstance(file, File) else File(file.encode())
        if made.mode == "160000":
            lines.append(f"M 160000 {made.content.decode()} {shown}\n".encode())
            continue
        lines.append(f"M {made.mode} inline {shown}\ndata {len(made.content)}\n".encode())
        lines.append(made.content + b"\n")
    return b"".join(lines) + b"\n"


def _good(base: Root) -> Hostile:
    """What the hostile ones are made from, as a request makes it."""
    branch = base.place.branch("create", base.request_id)
    return Hostile(kind="none", name="none", rule="", branch=branch, changes=of(base))


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return Corpus(tmp_path_factory.mktemp("corpus"))


def denials(verdict: Verdict) -> list[str]:
    return [result.rule for result in verdict.results if not result.passed]


def test_the_corpus_is_large_and_of_many_kinds() -> None:
    one = hostile(BASES[0])
    assert len(one) >= 120
    assert len({case.kind for case in one}) >= 15
    assert len({str(case) for case in one}) == len(one)


def test_what_they_are_made_from_would_pass(corpus: Corpus) -> None:
    for number, base in enumerate(BASES):
        assert denials(corpus.judge(f"good{number}", _good(base))) == []


def test_each_is_denied_by_its_rule(corpus: Corpus) -> None:
    wrong = {}
    for number, (base, case) in enumerate(CASES):
        found = denials(corpus.judge(str(number), case))
        if case.rule not in found or (case.alone and found != [case.rule]):
            wrong[f"{base.place} {base.engine}, {case}"] = f"{case.rule} expected, denied by {found}"
    assert wrong == {}


def test_every_rule_of_gate_and_policy_has_its_pull_requests() -> None:
    rules = "alone availability branch end engine environment files fresh kind lifetime name place removal"
    rules += " rendered request restore safety scope size source storage support tags upgrade windows"
    assert set(RULES) == {*rules.split(), "in place"}


class Anything(str):
    """A text that no text differs from."""

    __slots__ = ()

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


def _allow(*_: Any, **__: Any) -> PolicyResult:
    return PolicyResult("taken out", True, "")


def _allow_none(*_: Any, **__: Any) -> list[PolicyResult]:
    return []


# Where each rule is decided, and what stands there when it is taken out; the others go on as they are.
TAKEN_OUT: Final[dict[str, list[tuple[Any, str, Any]]]] = {
    "alone": [(gate, "_alone", _allow)],
    "availability": [(policy, "_availability", _allow)],
    "branch": [(gate, "_branch", _allow)],
    "end": [(gate, "_end", _allow_none)],
    "engine": [(policy, "_engine", _allow)],
    "files": [(gate, "_place", _allow)],
    "fresh": [(gate, "_fresh", _allow)],
    "in place": [(gate, "_in_place", _allow)],
    "kind": [(gate, "_kind", _allow)],
    "lifetime": [(policy, "_lifetime", _allow)],
    "name": [(policy, "_name", _allow)],
    "removal": [(gate, "_removal", _allow)],
    "rendered": [(hcl, "render", lambda *_: Anything())],
    "request": [(gate, "_UNASKED", PolicyResult("taken out", True, "")), (gate, "_request", _allow_none)],
    "restore": [(policy, "_restore", _allow_none)],
    "safety": [(policy, "_safety", _allow)],
    "scope": [(gate, "_scope", _allow)],
    "size": [(policy, "_size", _allow)],
    "source": [(gate, "_source", _allow_none)],
    "storage": [(policy, "_storage", _allow)],
    "support": [(policy, "_support", _allow)],
    "tags": [(policy, "_tags", _allow)],
    "upgrade": [(policy, "_upgrade", _allow)],
    "windows": [(policy, "_windows", _allow)],
}
# Decided in the middle of `policy.check`, which ends there: without the rule nothing of it is left to deny.
INLINE: Final = {"environment", "place"}


@pytest.mark.parametrize("rule", RULES)
def test_without_any_one_rule_at_least_one_would_pass(
    corpus: Corpus, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(TAKEN_OUT) | INLINE == set(RULES)
    passes: Callable[[Verdict], bool] = lambda verdict: verdict.passed  # noqa: E731
    if rule in INLINE:
        passes = lambda verdict: denials(verdict) == [rule]  # noqa: E731
    for module, name, instead in TAKEN_OUT.get(rule, []):
        monkeypatch.setattr(module, name, instead)
    for number, (_, case) in enumerate(CASES):
        if case.rule == rule and passes(corpus.judge(str(number), case)):
            return
    pytest.fail(f"{rule} could go, and nothing of the corpus would be merged for it")
