"""What the pipeline's roles may do, as IAM itself answers for the policies that are there.

The foundation's tests simulate the policies that it would make; this asks AWS about those that it has. What
AWS does with a condition key, such as rds:ManageMasterUserPassword, can be proved there alone.
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from provisioner.core.catalog import Catalog
from provisioner.core.engines import CLUSTER, INSTANCE, Resource

from ops.doctor.deployment import Check, Deployment
from ops.doctor.foundation import APPLY
from ops.doctor.module import kinds
from ops.doctor.verdict import NotLooked, wrong_if

_OWN: Final = {"aws:ResourceTag/ManagedBy": "rds-provisioner"}
_ASKED: Final = {"aws:RequestTag/ManagedBy": "rds-provisioner", "rds:ManageMasterUserPassword": "true"}
_UNMANAGED: Final = _OWN | {"rds:ManageMasterUserPassword": "false"}
# What RDS's actions call a database of each kind, and its ARN.
_KINDS: Final[Mapping[Resource, tuple[str, str]]] = {
    INSTANCE: ("DBInstance", "db"),
    CLUSTER: ("DBCluster", "cluster"),
}
# A policy whose answer hangs on a condition key, to see whether the simulation reads them.
_CONTROL: Final = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "rds:ModifyDBInstance",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/ManagedBy": "rds-provisioner"}},
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call of AWS, and whether the role may make it."""

    role: str
    may: bool
    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        keys = ", ".join(f"{re.split('[:/]', name)[-1]}={value}" for name, value in self.context.items())
        return f"{self.action} on {self.resource.rpartition(':')[2]}" + (f" ({keys})" if keys else "")


@dataclass(frozen=True, slots=True)
class Names:
    """The ARNs of a deployment, from those that the foundation puts out."""

    rds: str
    function: str
    secrets: Sequence[str]
    bucket: str

    @classmethod
    def of(cls, deployment: Deployment) -> "Names":
        """From the plan role's ARN, which has partition and account."""
        outputs = deployment.foundation
        _, partition, _, _, account, _ = str(outputs["plan_role_arn"]).split(":", 5)
        where = f"{outputs['region']}:{account}"
        return cls(
            f"arn:{partition}:rds:{where}",
            f"arn:{partition}:lambda:{where}:function:{deployment.stack.name}",
            [
                f"arn:{partition}:secretsmanager:{where}:secret:rds!{kind}-doctor"
                for kind in ("db", "cluster")
            ],
            f"arn:{partition}:s3:::{outputs['state_bucket']}",
        )


def pipeline_changes_what_it_should(deployment: Deployment) -> str:
    """Each role may do its work, and nothing with another environment's databases or states."""
    names = Names.of(deployment)
    calls = list(_plan_calls(names))
    for environment in deployment.environments:
        others = [name for name in deployment.environments if name != environment]
        calls += _apply_calls(names, environment, others, deployment.catalog)
    return _judged(deployment, calls)


def passwords_stay_managed(deployment: Deployment) -> str:
    """No role of the pipeline reads a password, or takes a database out of RDS-managed ones."""
    names = Names.of(deployment)
    roles = ["plan", *(f"apply-{environment}" for environment in deployment.environments)]
    calls = [
        Call(role, False, "secretsmanager:GetSecretValue", secret)
        for role in roles
        for secret in names.secrets
    ]
    for environment in deployment.environments:
        for kind, arn in _databases(names, environment, deployment.catalog):
            role, modify = f"apply-{environment}", f"rds:Modify{kind}"
            managed = _OWN | {"rds:ManageMasterUserPassword": "true"}
            calls += [Call(role, True, modify, arn, managed), Call(role, False, modify, arn, _UNMANAGED)]
    return _judged(deployment, calls)


def _databases(names: Names, environment: str, catalog: Catalog) -> Iterator[tuple[str, str]]:
    """A database of each kind of the catalog in an environment: what RDS calls the kind, and the ARN."""
    for kind in kinds(catalog):
        called, part = _KINDS[kind]
        yield called, f"{names.rds}:{part}:{environment}-doctor"


def _plan_calls(names: Names) -> Iterator[Call]:
    state = f"{names.bucket}/databases/dev/doctor/terraform.tfstate"
    yield Call("plan", True, "s3:GetObject", state)
    yield Call("plan", False, "s3:PutObject", state)
    yield Call("plan", True, "lambda:InvokeFunction", f"{names.function}-plan-report:live")
    yield Call("plan", False, "lambda:InvokeFunction", f"{names.function}-apply-report:live")
    yield Call("plan", False, "rds:ModifyDBInstance", f"{names.rds}:db:dev-doctor", _OWN)


def _apply_calls(names: Names, environment: str, others: Sequence[str], catalog: Catalog) -> Iterator[Call]:
    role = f"apply-{environment}"
    for kind, own in _databases(names, environment, catalog):
        yield Call(role, True, f"rds:Create{kind}", own, _ASKED)
        yield Call(role, True, f"rds:Delete{kind}", own, _OWN)
        yield Call(role, False, f"rds:Delete{kind}", own)
    yield Call(role, True, "s3:PutObject", f"{names.bucket}/databases/{environment}/doctor/terraform.tfstate")
    yield Call(role, True, "lambda:InvokeFunction", f"{names.function}-apply-report:live")
    yield Call(role, False, "lambda:InvokeFunction", f"{names.function}-plan-report:live")
    for other in others:
        for kind, theirs in _databases(names, other, catalog):
            yield Call(role, False, f"rds:Delete{kind}", theirs, _OWN)
        yield Call(role, False, "s3:PutObject", f"{names.bucket}/databases/{other}/doctor/terraform.tfstate")


def _judged(deployment: Deployment, calls: Sequence[Call]) -> str:
    iam = deployment.client("iam")
    _check_simulation(iam)
    arn = str(deployment.foundation["plan_role_arn"]).removesuffix("plan")
    problems = []
    for call in calls:
        result = iam.simulate_principal_policy(
            PolicySourceArn=arn + call.role,
            ActionNames=[call.action],
            ResourceArns=[call.resource],
            ContextEntries=_entries(call.context),
        )
        allowed = result["EvaluationResults"][0]["EvalDecision"] == "allowed"
        if allowed != call.may:
            verb = "may not" if call.may else "may"
            problems.append(f"{deployment.role(call.role)} {verb} {call}: {APPLY}")
    wrong_if(problems)
    return f"{len(calls)} calls simulated"


def _check_simulation(iam: Any) -> None:
    """Raise NotLooked where the simulation leaves condition keys out, as emulators do."""
    answer = iam.simulate_custom_policy(
        PolicyInputList=[json.dumps(_CONTROL)],
        ActionNames=["rds:ModifyDBInstance"],
        ResourceArns=["*"],
        ContextEntries=_entries(_OWN),
    )
    if answer["EvaluationResults"][0]["EvalDecision"] != "allowed":
        raise NotLooked("the simulation of this AWS leaves condition keys out; on AWS itself it reads them")


def _entries(context: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"ContextKeyName": name, "ContextKeyValues": [value], "ContextKeyType": _type(value)}
        for name, value in context.items()
    ]


def _type(value: str) -> str:
    return "boolean" if value in ("true", "false") else "string"


CHECKS: Final = (
    Check("pipeline changes what it should", pipeline_changes_what_it_should),
    Check("passwords stay managed", passwords_stay_managed),
)
