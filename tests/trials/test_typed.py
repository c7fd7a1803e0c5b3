"""Every command of rdsctl for real on one sandbox: well, refused, without a network, piped, interrupted."""

import re
from collections.abc import Iterator

import click
import pytest
from rdsctl.program import program

from sandbox.launch import stop as stop_sandbox
from tests.e2e.running import Sandbox, start
from tests.rdsctl.matrix import ROWS
from tests.trials import typed_scenes as play
from tests.trials.typed_cells import CELLS, COLUMNS
from tests.trials.typed_scenes import DIRECTORY, Typed
from tests.trials.typing_it import Ended

SCENES = (
    play.without_network,
    play.unlucky,
    play.left,
    play.refused_by_github,
    play.tried_again,
    play.grown,
    play.kept,
    play.born,
    play.situations,
    play.cloned,
)
SAYS_WHY = ("✗", "  !")


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    """The scenes, all begun; each test sees those that it is about."""
    try:
        start(DIRECTORY)
        found = Typed(Sandbox(DIRECTORY.read()), tmp_path_factory.mktemp("typed"))
        for scene in SCENES:
            found.begin(scene)
        yield found
        found.end()
    finally:
        stop_sandbox(DIRECTORY)


def commands() -> set[str]:
    """The commands that the program's own parser finds."""
    context = click.Context(program)
    return {name for name in program.list_commands(context) if program.get_command(context, name)}


def ok(typed: Typed) -> dict[str, Ended]:
    """What went well, of each scene what it is there for."""
    found: dict[str, Ended] = {}
    for scene in (play.born, play.tried_again, play.cloned, play.grown, play.kept):
        ran = typed.see(scene)
        found |= {name: ran[name] for name, cells in CELLS.items() if cells.scene == scene.__name__}
    return found


def test_every_command_of_the_parser_has_every_cell() -> None:
    assert set(CELLS) == set(ROWS) == commands()
    assert {name for name, cells in CELLS.items() if cells.never_waits} == {
        name for name, row in ROWS.items() if not row.waits
    }


def test_each_column_was_filled_by_running_it(typed: Typed) -> None:
    seen = typed.see(play.situations)
    waiting = {name for name, cells in CELLS.items() if not cells.never_waits}
    ran = {
        "ok": set(ok(typed)),
        "refused": set(seen.refused),
        "gone": set(typed.see(play.without_network)),
        "piped": set(seen.piped),
        "interrupted": set(seen.interrupted),
    }
    assert ran == dict.fromkeys(COLUMNS[:4], commands()) | {"interrupted": waiting}


def test_each_command_goes_well(typed: Typed) -> None:
    found = ok(typed)
    assert {name: ran for name, ran in found.items() if ran.code} == {}
    assert {name for name, ran in found.items() if "Traceback" in ran.err} == set()
    assert found["create"].out.startswith("✓ dev/ledger is ready after ")
    assert found["run"].out == "42\n"
    assert "42\n" in typed.see(play.cloned)["connect"].out
    assert found["restore"].out.startswith("✓ staging/back is ready after ")
    assert found["snapshots"].out.count("staging-kept-final-") == 1
    assert found["delete"].out.startswith("✓ staging/kept is removed after ")
    assert "medium" in found["resize"].err + found["resize"].out


def test_what_is_refused_ends_with_its_status_and_says_why(typed: Typed) -> None:
    found = typed.see(play.situations).refused
    assert {name: ran for name, ran in found.items() if ran.code != ROWS[name].code} == {}
    assert {name: ran for name, ran in found.items() if not ran.err.startswith(SAYS_WHY) or ran.out} == {}


def test_without_a_network_each_says_so(typed: Typed) -> None:
    found = typed.see(play.without_network)
    assert {name: ran for name, ran in found.items() if ran.code != ROWS[name].alone} == {}
    lost = {name: ran for name, ran in found.items() if ran.code == 1}
    assert {name for name, ran in lost.items() if "does not answer" not in ran.err + ran.out} == set()
    assert {name for name, ran in found.items() if "Traceback" in ran.err} == set()


def test_a_pipe_gets_data_alone_and_neither_colours_nor_redrawn_lines(typed: Typed) -> None:
    found = typed.see(play.situations).piped
    assert {name: ran for name, ran in found.items() if ran.code != CELLS[name].piped} == {}
    assert {name for name, ran in found.items() if re.search(r"[\x1b\r]", ran.out + ran.err)} == set()
    assert {name for name, ran in found.items() if "Traceback" in ran.err} == set()
    assert {name for name, ran in found.items() if ran.code and ran.out} == set()


def test_ctrl_c_ends_each_with_130_before_its_answer_is_there(typed: Typed) -> None:
    found = typed.see(play.situations).interrupted
    assert {name: ran for name, ran in found.items() if ran.code != 130} == {}
    assert {name for name, ran in found.items() if "Traceback" in ran.err} == set()


def test_ctrl_c_in_a_client_or_a_program_is_its_own(typed: Typed) -> None:
    seen = typed.see(play.situations)
    assert seen.psql.code == 1
    assert "canceling statement due to user request" in seen.psql.err
    assert seen.child.code == -2  # rdsctl has become the program, which the signal ended
    assert (seen.follower.code, "Traceback" in seen.follower.err) == (130, False)


def test_ctrl_c_while_watching_leaves_the_request_alone(typed: Typed) -> None:
    seen = typed.see(play.left)
    assert seen.create.code == seen.wait.code == 130
    short = seen.document["id"][:8]
    for ran in (seen.create, seen.wait):
        assert "Stopped watching; it goes on (" in ran.err
        assert f"rdsctl wait {short}      rdsctl cancel {short}" in ran.err
    assert seen.document["state"] == "pull_request_open"


def test_a_failed_apply_says_awss_words_the_fix_and_the_way_on(typed: Typed) -> None:
    seen = typed.see(play.unlucky)
    assert seen.switch.code == 0
    assert "The next apply that creates or resizes a database fails: RDS says that it has no capacity" in (
        seen.switch.out
    )
    assert (seen.create.code, seen.wait.code, seen.get.code) == (1, 1, 0)
    cause = re.compile(r"  cause +.*InsufficientDBInstanceCapacity")
    fix = re.compile(rf"  fix +{re.escape(seen.document['error']['fix'][:40])}")
    for ran in (seen.create, seen.wait, seen.get):
        said = ran.out + ran.err
        assert cause.search(said), said
        assert fix.search(said), said
        assert f"rdsctl retry {seen.document['id'][:8]} --wait" in said
    assert seen.create.err.count("✗ apply failed after ") == 1
    assert (seen.document["error"]["retryable"], seen.document["step"]) == (True, "apply")


def test_what_github_refuses_is_said_too(typed: Typed) -> None:
    ran = typed.see(play.refused_by_github)
    assert ran.code == 1
    assert "✗ pull request failed after " in ran.err
    assert "  cause " in ran.err


def test_its_retry_ends_well_though_the_network_is_away_for_a_while(typed: Typed) -> None:
    ran = typed.see(play.tried_again)
    assert ran["retry"].code == 0, ran["retry"]
    assert "Still waiting." in ran["retry"].err
    assert ran["retry"].out.startswith("✓ dev/sparks is ready after ")
    assert ran["get"].out.startswith("dev/sparks   available")


def test_no_password_is_in_what_the_commands_wrote(typed: Typed) -> None:
    found = ok(typed)
    assert re.search(r"postgresql://application@localhost:\d+/ledger\?sslmode=verify-full", found["url"].out)
    assert "PASSWORD" not in found["url"].out
    assert [name for name, ran in found.items() if re.search(r"://\w+:[^@/]+@", ran.out + ran.err)] == []
