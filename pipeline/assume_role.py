"""Trade the job's CircleCI identity token for a role: `python -m pipeline.assume_role plan`, `... drift` (the
plan role for a whole night), or `... apply ENVIRONMENT`.

Writes temporary credentials to $BASH_ENV, which CircleCI reads before each later step of the job. They are
asked for explicitly, because an apply may outlast the hour that an identity token lives:
https://circleci.com/docs/openid-connect-tokens/
"""

import os
import re
import shlex
import sys
from typing import Any, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core.names import ENVIRONMENT

# How long the session lasts that each job asks for, and the role that it takes.
SECONDS: Final = {"plan": 3600, "drift": 3 * 3600, "apply": 3 * 3600}
ROLES: Final = {"plan": "AWS_PLAN_ROLE_ARN", "drift": "AWS_PLAN_ROLE_ARN", "apply": "AWS_APPLY_ROLE_ARN"}


def main(role: str, environment: str = "") -> int:
    """Assume the role, which for an apply is the environment's own; the exit status."""
    variables = ("CIRCLE_OIDC_TOKEN_V2", ROLES[role], "BASH_ENV", "AWS_REGION")
    missing = [name for name in variables if not os.environ.get(name)]
    if missing:
        print(
            f"assume_role {role}: {', '.join(missing)} not set; they are variables of the CircleCI project "
            "(docs/deploy.md), or the job's own",
            file=sys.stderr,
        )
        return 2
    arn = "-".join(filter(None, (os.environ[ROLES[role]], environment)))
    try:
        answer = _sts().assume_role_with_web_identity(
            RoleArn=arn,
            RoleSessionName=f"circleci-{os.environ.get('CIRCLE_WORKFLOW_ID', 'job')}"[:64],
            WebIdentityToken=os.environ["CIRCLE_OIDC_TOKEN_V2"],
            DurationSeconds=SECONDS[role],
        )
    except (BotoCoreError, ClientError) as error:
        print(
            f"assume_role {role}: {error}. Is there a role {arn}? Since version 0.2 each environment has "
            "a separate apply role: apply the foundation first (docs/upgrade.md). Compare the sub in the "
            "job's token with the trust policy in terraform/foundation: the apply roles are for main alone",
            file=sys.stderr,
        )
        return 1
    credentials = answer["Credentials"]
    lines = [
        f"export {name}={shlex.quote(value)}"
        for name, value in (
            ("AWS_ACCESS_KEY_ID", credentials["AccessKeyId"]),
            ("AWS_SECRET_ACCESS_KEY", credentials["SecretAccessKey"]),
            ("AWS_SESSION_TOKEN", credentials["SessionToken"]),
        )
    ]
    with open(os.environ["BASH_ENV"], "a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    print(f"Assumed {arn} until {credentials['Expiration']:%H:%M:%S} UTC.")
    return 0


def _sts() -> Any:
    config = Config(signature_version=UNSIGNED)
    return boto3.client("sts", region_name=os.environ["AWS_REGION"], config=config)


def _usage(arguments: list[str]) -> bool:
    match arguments:
        case ["plan" | "drift"]:
            return True
        case ["apply", environment]:
            return re.fullmatch(ENVIRONMENT, environment) is not None
    return False


if __name__ == "__main__":
    if not _usage(sys.argv[1:]):
        sys.exit("usage: python -m pipeline.assume_role plan|drift|apply ENVIRONMENT")
    sys.exit(main(*sys.argv[1:]))
