"""Word to people from the deployed stack: Slack and SES on this machine, a channel that fails and returns."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sandbox.client import Client, get_json
from sandbox.stack import CATALOG, PARAMETERS
from tests.e2e.running import Sandbox, started, until
from tests.notifier.receiver import Receiver, receiving

SENDER, DOMAIN = "rds@sandbox.example", "sandbox.example"
SECRET: Final = "rds-provisioner/notify"
TEAMS: Final = {
    "alpha": {"notify": {"slack": f"{SECRET}/alpha", "email": f"alpha@{DOMAIN}"}},
    "beta": {"notify": {"slack": f"{SECRET}/beta"}},
}
# After so many refusals in a row a channel is on the board.
REFUSALS: Final = 3


@pytest.fixture(scope="module")
def alpha() -> Iterator[Receiver]:
    with receiving() as slack:
        yield slack


@pytest.fixture(scope="module")
def beta() -> Iterator[Receiver]:
    with receiving() as slack:
        slack.answers = [*[(503, "later", {})] * REFUSALS, (200, "ok", {})]
        yield slack


@pytest.fixture(scope="module")
def sandbox(alpha: Receiver, beta: Receiver) -> Iterator[Sandbox]:
    parameters = {"Notifier": "true", "NotifyFrom": SENDER, "NotifyDomains": DOMAIN}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(PARAMETERS, json.dumps(parameters))
        patch.setenv(CATALOG, json.dumps({"teams": TEAMS}))
        # The functions are processes of the emulated AWS, whose environment they have.
        patch.setenv("SLACK_WEBHOOKS", "http://127.0.0.1:")
        with started("notifier") as running:
            running.cloud.client("sesv2").create_email_identity(EmailIdentity=SENDER)
            secrets = running.cloud.client("secretsmanager")
            for name, slack in (("alpha", alpha), ("beta", beta)):
                secrets.create_secret(Name=f"{SECRET}/{name}", SecretString=slack.url)
            yield running


def mails(sandbox: Sandbox) -> list[dict[str, Any]]:
    """What the emulated SES took."""
    found = get_json(f"{sandbox.cloud.endpoint}/_ministack/ses/messages")["messages"]
    return [mail for of_account in found.values() for mail in of_account]


def board(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The channels that take no messages, as an operator sees them."""
    operator = Client(sandbox.state["api_url"], sandbox.state["operator_api_key"])
    answer = operator.call("GET", "/admin/channels")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.body["channels"]
    return found


def test_a_ready_database_and_a_channel_that_fails_and_recovers(
    sandbox: Sandbox, alpha: Receiver, beta: Receiver
) -> None:
    body = {"database_engine": "postgres", "environment": "dev", "owner": f"jane@{DOMAIN}"}
    asked = sandbox.ask("POST", "/provision-rds", body | {"database_name": "spoken"})
    waits = {"database_engine": "postgres", "environment": "staging", "database_name": "held"}
    answer = sandbox.beta.call("POST", "/provision-rds", waits)
    assert answer.status == 202, answer.body

    until(lambda: len(beta.got) >= REFUSALS or None, "three tries of a channel that answers 503")
    (failing,) = until(lambda: board(sandbox) or None, "the failing channel on the board")
    assert (failing["channel"], failing["team"]) == (f"slack:{SECRET}/beta", "beta")
    assert "503" in failing["cause"]

    sandbox.wait(asked, "done")
    until(lambda: "dev/spoken is ready" in alpha.titles() or None, "the message that it is ready")
    ready = alpha.got[alpha.titles().index("dev/spoken is ready")]
    assert "rdsctl connect dev/spoken" in json.dumps(ready)
    links = re.findall(r"<(http[^|>]+)\|", json.dumps(ready))
    # On AWS's own address of the API, which this machine does not serve.
    assert [link.partition(".amazonaws.com/")[2] for link in links] == ["v1/console/#/databases/dev/spoken"]

    def mailed() -> list[str]:
        texts = [mail for mail in mails(sandbox) if "dev/spoken is ready" in mail["Subject"]]
        assert all("rdsctl connect dev/spoken" in mail["BodyText"] for mail in texts)
        return sorted(to for mail in texts for to in mail["To"])

    until(lambda: len(mailed()) >= 2 or None, "the mails to team and owner")
    assert mailed() == [f"alpha@{DOMAIN}", f"jane@{DOMAIN}"]

    until(lambda: len(beta.got) == REFUSALS + 1 or None, "the try that the channel takes")
    until(lambda: not board(sandbox) or None, "a board without the channel, which works again")
    time.sleep(5)
    assert set(beta.titles()) == {"staging/held waits for an approval"}
    assert len(beta.got) == REFUSALS + 1
    assert alpha.titles().count("dev/spoken is ready") == 1
