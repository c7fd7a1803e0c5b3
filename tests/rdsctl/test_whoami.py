"""Whose key it is, on the screen: its holder, its name, its end, and a program that is too old."""

import pytest

from tests.rdsctl.running import Run
from tests.rdsctl.server import Fault, Server

PERSONAL = {
    "team": "alpha",
    "actor": "jane",
    "person": "jane",
    "key_name": "jane-laptop",
    "scopes": ["team"],
    "key_expires_at": "2099-03-01T12:00:00Z",
    "api_version": "1.0",
    "minimum_client": "0.1.0",
    "contact": None,
}


def test_a_personal_key_has_its_name_and_end(rdsctl: Run, server: Server) -> None:
    server.faults = [Fault(200, PERSONAL)]
    lines = rdsctl("whoami").out.splitlines()
    assert lines[0] == f"team alpha at {server.url}"
    assert lines[1].split()[1:] == ["jane"]
    assert lines[2].startswith("  key       jane-laptop, from RDSCTL_API_KEY, ends 1 Mar 2099 12:00, in ")


def test_mine_is_what_its_holder_asked_for(rdsctl: Run, server: Server) -> None:
    server.faults = [Fault(200, PERSONAL)]
    assert rdsctl("requests", "--mine", "--json").json == []
    assert "person=jane" in server.calls[-1].path


@pytest.mark.parametrize(("wanted", "said"), [("0.1.0", False), ("0.10", True), ("1.0.0", True)])
def test_an_api_that_wants_a_newer_program_says_so(
    rdsctl: Run, server: Server, wanted: str, said: bool
) -> None:
    server.faults = [Fault(200, PERSONAL | {"minimum_client": wanted})]
    assert (f"This API wants rdsctl {wanted} or newer; this is 0.1.0.\n" == rdsctl("whoami").err) is said
