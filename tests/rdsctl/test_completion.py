"""What a shell's Tab offers: the names that commands kept, else one short look, and never a complaint."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rdsctl.life import Life
from tests.rdsctl.running import Run
from tests.rdsctl.server import Fault, Server


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> "Offered":
    return Offered(monkeypatch, capfd)


class Offered:
    """Asks the program as bash's completion function does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._captured = captured

    def __call__(self, *typed: str) -> list[str]:
        from rdsctl.program import main

        line = " ".join(["rdsctl", *typed])
        with self._monkeypatch.context() as patched:
            patched.setenv("_RDSCTL_COMPLETE", "bash_complete")
            patched.setenv("COMP_WORDS", line)
            patched.setenv("COMP_CWORD", str(len(typed)))
            self._captured.readouterr()
            with pytest.raises(SystemExit):
                main([])
            written = self._captured.readouterr()
        assert written.err == ""
        return [found.partition(",")[2] for found in written.out.splitlines() if found]


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "rdsctl"


def test_a_list_keeps_the_names_that_tab_offers_without_a_call(
    rdsctl: Run, server: Server, life: Life, offered: Offered
) -> None:
    for name in ("dev/ledger", "dev/shop"):
        assert rdsctl("create", name, "--engine", "postgres").code == 0
    assert rdsctl("ls").code == 0
    calls = len(server.calls)
    assert offered("connect", "dev/l") == ["dev/ledger"]
    assert offered("connect", "sh") == ["dev/shop"]
    assert sorted(offered("delete", "")) == ["dev/ledger", "dev/shop"]
    assert len(server.calls) == calls


def test_what_was_just_asked_for_is_offered(rdsctl: Run, offered: Offered) -> None:
    asked = rdsctl("create", "dev/ledger", "--engine", "postgres", "--json").json
    assert offered("get", "") == ["dev/ledger", asked["id"][:8]]
    assert offered("cancel", asked["id"][:3]) == [asked["id"][:8]]


def test_environments_and_sizes_are_the_catalogs(rdsctl: Run, server: Server, offered: Offered) -> None:
    assert offered("create", "st") == ["staging/"]
    assert offered("ls", "--env", "") == ["dev", "staging", "prod"]
    assert offered("create", "dev/x", "--size", "m") == ["medium"]
    assert [call.path for call in server.calls].count("/catalog") == 2  # a look for each kind, once


def test_commands_and_options_are_offered(rdsctl: Run, offered: Offered) -> None:
    assert offered("re") == ["requests", "resize", "restore", "retry"]
    assert "--expiring" in offered("ls", "--e")
    assert offered("create", "--engine", "p") == ["postgres"]


def test_an_api_that_does_not_answer_or_refuses_is_silent(
    rdsctl: Run, server: Server, offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.faults = [Fault(503), Fault(503)]
    assert offered("connect", "") == []
    assert len(server.calls) == 1
    monkeypatch.setenv("RDSCTL_URL", "http://127.0.0.1:9")
    assert offered("connect", "") == []
    monkeypatch.delenv("RDSCTL_URL")
    assert offered("connect", "") == []


def test_the_names_are_the_users_alone_and_logout_forgets_them(
    rdsctl: Run, server: Server, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    monkeypatch.delenv("RDSCTL_URL")
    monkeypatch.delenv("RDSCTL_API_KEY")
    monkeypatch.setattr("sys.stdin", io.StringIO("key-beta\n"))
    assert rdsctl("login", server.url, "--key-stdin", "--store", "file").code == 0
    assert rdsctl("create", "dev/ledger", "--engine", "postgres").code == 0
    (kept,) = cache.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "key-beta" not in kept.read_text()
    assert rdsctl("logout").code == 0
    assert list(cache.iterdir()) == []


def test_a_cache_that_cannot_be_written_or_read_stops_nothing(
    rdsctl: Run, cache: Path, offered: Offered
) -> None:
    cache.parent.mkdir(parents=True)
    cache.write_text("in the way")
    assert rdsctl("create", "dev/ledger", "--engine", "postgres").code == 0
    assert rdsctl("ls").code == 0
    cache.unlink()
    assert rdsctl("ls").code == 0
    (kept,) = cache.iterdir()
    kept.write_text('{"databases": ["dev/ledger", "$(evil)", 7]}')
    assert offered("connect", "") == ["dev/ledger"]
    kept.write_text("[")
    assert offered("connect", "") == ["dev/ledger"]


def test_a_real_bash_completes_a_name(rdsctl: Run, server: Server, tmp_path: Path) -> None:
    assert rdsctl("create", "dev/ledger", "--engine", "postgres").code == 0
    script = tmp_path / "complete.sh"
    script.write_text(
        'eval "$(rdsctl completion bash)"; COMP_WORDS=(rdsctl connect dev/l); COMP_CWORD=2\n'
        '_rdsctl_completion rdsctl; echo "${COMPREPLY[@]}"\n'
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", str(script)], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "dev/ledger\n"
