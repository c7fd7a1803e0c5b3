"""Runs every check and prints a line for each; a check that breaks is not ok."""

from collections.abc import Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.core.errors import NeedsPerson, TryLater

from ops.doctor.deployment import Check, Deployment
from ops.doctor.verdict import Finding, NotLooked, Verdict, Wrong
from ops.stack import Refused

# The operator's own rights are too narrow; the deployment may be well.
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
# What an emulator of AWS, or a partition of it, does not have.
_LACKS = {
    "InvalidAction",
    "InternalFailure",
    "NotImplemented",
    "NotImplementedException",
    "UnknownOperationException",
    "UnsupportedOperation",
}


def look(checks: Sequence[Check], deployment: Deployment) -> Iterator[Finding]:
    """The end of each check, in order."""
    for check in checks:
        yield _one(check, deployment)


def _one(check: Check, deployment: Deployment) -> Finding:
    try:
        return Finding(check.name, Verdict.OK, check.look(deployment))
    except Wrong as wrong:
        return Finding(check.name, Verdict.WRONG, str(wrong))
    except NotLooked as reason:
        return Finding(check.name, Verdict.NOT_LOOKED, str(reason))
    except ClientError as error:
        return _refused(check.name, error)
    except (BotoCoreError, NeedsPerson, TryLater, Refused) as error:
        return Finding(check.name, Verdict.NOT_LOOKED, f"it broke off: {error}")
    except Exception as error:  # an answer that nobody foresaw is no reason to call it ok
        return Finding(check.name, Verdict.WRONG, f"the check itself broke: {error!r}; report it")


def _refused(name: str, error: ClientError) -> Finding:
    code, action = error.response["Error"]["Code"], error.operation_name
    if code in _DENIED:
        reason = f"your credentials may not call {action}: give them the right, and run it again"
        return Finding(name, Verdict.NOT_LOOKED, reason)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _LACKS or status == 501:
        return Finding(name, Verdict.NOT_LOOKED, f"this AWS does not know {action}")
    return Finding(name, Verdict.NOT_LOOKED, f"AWS refused {action}: {error}")


def line(finding: Finding, width: int) -> str:
    """A finding as one line; `width` is that of the longest name."""
    return f"{finding.verdict:<13}  {finding.name:<{width}}  {finding.text}".rstrip()


def summary(findings: Sequence[Finding]) -> str:
    """How many ended how."""
    counts = {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}
    return f"{len(findings)} checks: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
