"""Goes through a deployment: python -m ops.doctor.

One line a check: ok; wrong, with what to do; or not looked at, with the reason. It reads, and changes
nothing. The exit status is 0 where nothing is wrong, 1 where something is, 2 where it could not begin.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from ops.doctor import http
from ops.doctor.checks import CHECKS
from ops.doctor.deployment import Deployment, terraform_outputs
from ops.doctor.run import line, look, summary
from ops.doctor.verdict import Verdict
from ops.stack import STACK, Refused, Stack, client

_CLONE: Final = Path(__file__).parents[2]
_TOKENS: Final = ("GITHUB_TOKEN", "CIRCLE_TOKEN", "RDSCTL_API_KEY")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        stack = Stack.find(chosen.stack)
    except (Refused, BotoCoreError, ClientError) as error:
        print(f"The doctor cannot begin: {error}", file=sys.stderr)
        return 2
    deployment = Deployment(
        stack,
        _CLONE,
        client,
        lambda: terraform_outputs(chosen.foundation),
        http.call,
        {name: os.environ[name] for name in _TOKENS if os.environ.get(name)},
        os.environ.get("CIRCLECI_URL", "https://circleci.com"),
        os.environ.get("RDSCTL_URL", stack.outputs.get("ApiUrl", "")).rstrip("/"),
    )
    width, findings = max(len(check.name) for check in CHECKS), []
    for finding in look(CHECKS, deployment):
        findings.append(finding)
        print(line(finding, width), flush=True)
    print(summary(findings))
    unlooked = {Verdict.NOT_LOOKED} if chosen.strict else set()
    return int(any(finding.verdict in {Verdict.WRONG} | unlooked for finding in findings))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ops.doctor",
        description="Goes through a deployment and prints one line a check. It reads, and changes nothing.",
        epilog="GITHUB_TOKEN (of a repository's administrator), CIRCLE_TOKEN and RDSCTL_API_KEY (a team's "
        "key) let it look at more. Status: 0 nothing is wrong, 1 something is, 2 it could not begin.",
    )
    parser.add_argument("--stack", default=STACK, help=f"the stack (default: {STACK})")
    parser.add_argument(
        "--foundation",
        type=Path,
        default=_CLONE / "terraform" / "foundation",
        help="the directory that the foundation was applied from (default: this clone's)",
    )
    parser.add_argument(
        "--strict", action="store_true", help="take what it did not look at for wrong, in the exit status"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
