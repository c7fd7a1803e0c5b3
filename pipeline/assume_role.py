"""Trade the job's CircleCI identity token for a role: `python -m pipeline.assume_role plan|apply`.

Writes temporary credentials to $BASH_ENV, which CircleCI reads before each later step of the job. They are
asked for explicitly, because an apply may outlast the hour that an identity token lives:
https://circleci.com/docs/openid-connect-tokens/
"""

import os
import shlex
import sys
from typing import Any, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

SECONDS: Final = {"plan": 3600, "apply": 3 * 3600}


def main(role: str) -> int:
    """Assume the role; the exit status."""
    variables = ("CIRCLE_OIDC_TOKEN_V2", f"AWS_{role.upper()}_ROLE_ARN", "BASH_ENV", "AWS_REGION")
    missing = [name for name in variables if not os.environ.get(name)]
    if missing:
        print(f"assume_role {role}: {', '.join(missing)} not set; the job needs a context", file=sys.stderr)
        return 2
    try:
        answer = _sts().assume_role_with_web_identity(
            RoleArn=os.environ[f"AWS_{role.upper()}_ROLE_ARN"],
            RoleSessionName=f"circleci-{os.environ.get('CIRCLE_WORKFLOW_ID', 'job')}"[:64],
            WebIdentityToken=os.environ["CIRCLE_OIDC_TOKEN_V2"],
            DurationSeconds=SECONDS[role],
        )
    except (BotoCoreError, ClientError) as error:
        print(
            f"assume_role {role}: {error}. Compare the sub in the job's token with the trust policy in "
            "terraform/foundation: the apply role is for main alone",
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
    print(f"Assumed the {role} role until {credentials['Expiration']:%H:%M:%S} UTC.")
    return 0


def _sts() -> Any:
    config = Config(signature_version=UNSIGNED)
    return boto3.client("sts", region_name=os.environ["AWS_REGION"], config=config)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in SECONDS:
        sys.exit("usage: python -m pipeline.assume_role plan|apply")
    sys.exit(main(sys.argv[1]))
