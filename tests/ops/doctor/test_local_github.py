"""The checks of GitHub meet the local GitHub over HTTP, set up as docs/deploy.md says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.doctor import github, http
from ops.doctor.deployment import Deployment
from ops.doctor.run import look
from ops.doctor.verdict import Finding, Verdict
from ops.rulesets.apply import main as apply_rulesets
from ops.stack import Stack
from sandbox.github import GitHubServer
from tests.github.github_server import github_server
from tests.ops.doctor import healthy
from tests.ops.doctor.canned_aws import CannedAws

WEBHOOK = healthy.stack_outputs()["WebhookUrl"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitHubServer]:
    with github_server(tmp_path) as one:
        yield one


def findings(server: GitHubServer, token: str | None = None) -> dict[str, Finding]:
    """The end of each check of GitHub, with the token of the repository's administrator by default."""
    parameters = healthy.parameters() | {
        "GitHubApiUrl": server.url,
        "GitHubRepository": server.repository,
        "GitHubAppId": server.app_id,
        "GitHubInstallationId": server.installation_id,
    }
    aws = CannedAws({"secretsmanager.GetSecretValue": {"SecretString": server.private_key_pem}})
    deployment = Deployment(
        Stack("rds-provisioner", healthy.stack_outputs(), parameters),
        healthy.PROJECT,
        aws.client,
        healthy.outputs,
        http.call,
        {"GITHUB_TOKEN": server.hub.organization.owner_token if token is None else token},
    )
    return {finding.name: finding for finding in look(github.CHECKS, deployment)}


def test_the_guides_set_up_is_well_before_the_first_delivery(
    server: GitHubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", server.hub.organization.owner_token)
    monkeypatch.setenv("GITHUB_API_URL", server.url)
    assert apply_rulesets([server.repository, "--app", server.app_id, "--team", "platform"]) == 0
    server.add_webhook(WEBHOOK)
    found = findings(server)
    others = {name: finding for name, finding in found.items() if finding.verdict is not Verdict.OK}
    assert {name: finding.verdict for name, finding in others.items()} == {
        "webhooks arrive": Verdict.NOT_LOOKED
    }, others
    assert (
        found["code owners approve what they should"].text
        == "dev -, staging @acme/platform, prod @acme/platform"
    )


def test_without_rulesets_and_webhook_it_says_so(server: GitHubServer) -> None:
    found = findings(server)
    assert "main has no rule `pull_request`" in found["main is guarded"].text
    assert "main has no rule `update`" in found["main is guarded"].text
    assert found["main is guarded"].verdict is Verdict.WRONG
    assert found["webhook is the stack's"].verdict is not Verdict.OK


def test_without_a_token_nobody_sees_who_passes_the_rules(server: GitHubServer) -> None:
    assert findings(server, "")["nobody passes the rules"].verdict is Verdict.NOT_LOOKED
