"""What no call of AWS does: RDS grows an instance, hours pass, the next call fails."""

import urllib.error
import urllib.parse
import urllib.request

from sandbox.cloud import CREDENTIALS, REGION, Cloud

# MiniStack reads account, region and service from it, and checks no signature.
_AUTHORIZATION = (
    f"AWS4-HMAC-SHA256 Credential={CREDENTIALS['AWS_ACCESS_KEY_ID']}/20260101/{REGION}/rds/aws4_request, "
    "SignedHeaders=host, Signature=none"
)


class Refused(Exception):
    """The emulated RDS did not take a call; the message is its answer."""


def grow(cloud: Cloud, identifier: str, predicted_gb: int = 0) -> None:
    """RDS finds the storage nearly full and grows it, up to the instance's bound: by 10 GiB, a tenth or more.

    Where the bound leaves no room nothing happens, as on RDS. Raises Refused where there is no such instance.
    """
    call(cloud, "SandboxGrowInstance", DBInstanceIdentifier=identifier, PredictedGb=predicted_gb)


def pass_hours(cloud: Cloud, hours: float) -> None:
    """Everything that RDS judges from here on happens so many hours later."""
    call(cloud, "SandboxPassHours", Hours=hours)


def fail_next(cloud: Cloud, switch: str) -> None:
    """The next call that creates or changes an instance is refused: `capacity` or `parameter`."""
    call(cloud, "SandboxFailNext", Switch=switch)


def call(cloud: Cloud, action: str, **parameters: str | float) -> str:
    """One call in the form of RDS's query API, known to boto3 or not; the answer's XML. Raises Refused."""
    body = urllib.parse.urlencode({"Action": action, "Version": "2014-10-31", **parameters}).encode()
    request = urllib.request.Request(cloud.endpoint, body, {"Authorization": _AUTHORIZATION}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as refused:
        with refused:
            raise Refused(f"{action}: {refused.read().decode()}") from refused
