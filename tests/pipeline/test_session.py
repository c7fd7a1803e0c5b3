"""The session of the job's role ends while it works, as it does after three hours: nothing is lost by it.

AWS answers each later call with ExpiredToken, and nobody renews a session: the identity token that it was
traded for lived for an hour. The next run has a new one, and goes on.
"""

import datetime as dt

from botocore.exceptions import ClientError
from provisioner.core.hcl import content_hash, render

from pipeline.pace import LEASE
from pipeline.terraform_cli import TerraformError
from tests.core.examples import root
from tests.pipeline.fakes import INSTANCE, Lifeline
from tests.pipeline.repository import file_of
from tests.pipeline.setting import Setting

PLACES = {"orders": "00000000", "shop": "11111111"}


class Session(Lifeline):
    """Every call after `calls` of them is refused."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.calls = calls

    def step(self) -> None:
        super().step()
        if self.steps > self.calls:
            error = {"Error": {"Code": "ExpiredToken", "Message": "The security token is expired"}}
            raise ClientError(error, "a service")  # type: ignore[arg-type]


class OfTerraform(Lifeline):
    """The same session, as Terraform meets its end."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session

    def step(self) -> None:
        try:
            self.session.step()
        except ClientError as error:
            raise TerraformError("apply", f"Error: {error}") from error


def begin(setting: Setting, calls: int = 10_000) -> Session:
    """A new job's session; it serves so many calls."""
    session = Session(calls)
    setting.bucket._lifeline = setting.functions._lifeline = session
    setting.cloud.lifeline = OfTerraform(session)
    return session


def failures(setting: Setting) -> list[str]:
    """What the job says of its failures; main says the same of what it could not even begin."""
    try:
        return setting.apply()
    except ClientError as error:
        return [str(error)]


def calls_of_an_apply(setting: Setting) -> int:
    before, session = setting.save(), begin(setting)
    assert setting.apply() == []
    setting.restore(before)
    return session.steps


def test_an_apply_whose_session_ends_at_any_call_says_so_and_the_next_run_finishes_it(
    setting: Setting,
) -> None:
    roots = {
        name: root(f"{id8}-8f5e-4c1d-9a70-1c2d3e4f5a6b", database_name=name) for name, id8 in PLACES.items()
    }
    for wanted in roots.values():
        setting.reviewed(file_of(wanted))
    before = setting.save()
    for calls in range(0, calls_of_an_apply(setting), 3):
        setting.restore(before)
        begin(setting, calls)
        said = failures(setting)
        assert said or len(setting.markers()) == len(PLACES), calls
        begin(setting)
        setting.now += LEASE + dt.timedelta(seconds=1)  # what it still claimed is nobody's by then
        assert setting.apply() == [], calls
        marked = [f"applied/dev/{name}/{content_hash(render(wanted))}.json" for name, wanted in roots.items()]
        assert setting.markers() == marked, calls
        assert all(INSTANCE in setting.cloud.states[f"dev/{name}"].resources for name in PLACES), calls
        assert all("ExpiredToken" in text for text in said), (calls, said)


def test_what_failed_before_the_session_ended_is_said_all_the_same(setting: Setting) -> None:
    setting.reviewed(file_of(root()))
    setting.cloud.fail[INSTANCE] = "InsufficientDBInstanceCapacity: no room"
    before, fails = setting.save(), dict(setting.cloud.fail)
    session = begin(setting)
    setting.apply()
    met = 0
    for calls in range(session.steps):
        setting.restore(before)
        setting.cloud.fail = dict(fails)
        begin(setting, calls)
        said = failures(setting)
        if INSTANCE not in setting.cloud.fail:  # RDS had refused by then
            met += 1
            assert any("InsufficientDBInstanceCapacity" in text for text in said), (calls, said)
    assert met >= 2


def test_a_night_whose_session_ends_names_what_it_did_not_see_and_the_next_begins_there(
    setting: Setting,
) -> None:
    for name, id8 in PLACES.items():
        setting.reviewed(file_of(root(f"{id8}-8f5e-4c1d-9a70-1c2d3e4f5a6b", database_name=name)))
    setting.apply()
    session = begin(setting)
    assert setting.drift() == []
    whole = session.steps
    for calls in range(whole):
        del setting.bucket.objects["reviewed/.looks.json"]
        begin(setting, calls)
        said = nightly(setting)
        assert said, calls
        assert all("ExpiredToken" in text for text in said), (calls, said)
        begin(setting)
        setting.functions.reports.clear()
        assert setting.drift() == []
        if len(said) == 1 and said[0].startswith("dev/"):
            unseen = said[0].partition(":")[0].partition("/")[2]
            assert setting.functions.reports[0]["database_name"] == unseen, calls


def nightly(setting: Setting) -> list[str]:
    try:
        return setting.drift()
    except ClientError as error:
        return [str(error)]
