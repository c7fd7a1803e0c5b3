"""④⑤ The reports that the pipeline sends to the functions: one contract, which both sides import.

The pipeline builds a report from its model, which refuses a field that it does not have. The functions ignore
such a field and log it, so that a newer pipeline may say more. A field that is new and required, goes, or
changes its meaning raises `version`. The functions read a new version one release before the pipeline sends
it, and the old one with it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from provisioner.core.names import Place
from provisioner.core.policy import PolicyResult

# What a report carries of a plan's text; a comment shows less.
PLAN_TEXT_LIMIT: Final = 50_000
# What a question carries of a root; no root that the provisioner writes is as long.
ROOT_TEXT_LIMIT: Final = 50_000
# How many changed attributes a report carries, and how much of each text.
MOST_ATTRIBUTES: Final = 40
ATTRIBUTE_TEXT_LIMIT: Final = 200
# Of what to do about a failure.
FIX_LIMIT: Final = 1_000
# Of one heartbeat: more roots than one run applies at once.
MOST_REQUESTS: Final = 64
_LONGEST_PROBLEM: Final = 2_000
_MOST_FIELDS: Final = 20
_LONGEST_FIELD: Final = 80

Count = Annotated[int, Field(ge=0, le=1_000_000)]
PlanOutcome: TypeAlias = Literal["passed", "denied", "failed"]
ApplyOutcome: TypeAlias = Literal["started", "succeeded", "removed", "failed"]
RequestId = Annotated[str, Field(max_length=64)]  # becomes a key in the ledger
PlanText = Annotated[str, Field(max_length=PLAN_TEXT_LIMIT)]
FixText = Annotated[str, Field(max_length=FIX_LIMIT)]
AttributeText = Annotated[str, Field(max_length=ATTRIBUTE_TEXT_LIMIT)]


class ReportError(ValueError):
    """A report that cannot be read."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Summary(_Part):
    """What a plan would do; counts are of Terraform resources, and of databases among them."""

    add: Count = 0
    change: Count = 0
    destroy: Count = 0
    replace: Count = 0
    databases_added: Count = 0
    databases_destroyed: Count = 0
    only_own_database: bool = False


class Attribute(_Part):
    """One attribute that a plan changes of a resource that stays, as people read it."""

    resource: AttributeText
    name: AttributeText
    before: AttributeText
    after: AttributeText


class RuleResult(_Part):
    """The verdict of one of the gate's rules."""

    rule: str
    passed: bool
    detail: str = ""

    @classmethod
    def of(cls, result: PolicyResult) -> "RuleResult":
        """The policy's own verdict, as a report carries it."""
        return cls(rule=result.rule, passed=result.passed, detail=result.detail)

    def result(self) -> PolicyResult:
        """The same as the policy's own type."""
        return PolicyResult(self.rule, self.passed, self.detail)


class _Message(_Part):
    version: Literal[1]
    environment: Annotated[str, Field(max_length=20)]
    database_name: Annotated[str, Field(max_length=63)] = ""  # of what is about a whole run
    # Both become part of an event's key in the ledger, and the address a link that people follow.
    pipeline_url: Annotated[str, Field(pattern=r"^(https?://[!-~]{1,400})?$")] = ""
    commit: Annotated[str, Field(pattern=r"^([0-9a-f]{40,64})?$")] = ""


class _Report(_Message):
    database_name: Annotated[str, Field(max_length=63)]

    @property
    def place(self) -> Place:
        """The database that it is about."""
        return Place(self.environment, self.database_name)


class PlanReport(_Report):
    """The gate's and the plan's verdict on one commit of a branch."""

    type: Literal["plan"] = "plan"
    branch: Annotated[str, Field(max_length=250)]
    outcome: PlanOutcome
    summary: Summary | None = None
    plan_text: PlanText = ""
    policy: tuple[RuleResult, ...] = ()
    cause: str | None = None
    changed: Annotated[tuple[Attribute, ...], Field(max_length=MOST_ATTRIBUTES)] = ()
    fix: FixText | None = None  # what to do about the cause


class ApplyReport(_Report):
    """How an apply on main stands."""

    type: Literal["apply"] = "apply"
    outcome: ApplyOutcome
    request_id: RequestId | None = None
    result: dict[str, Any] | None = None
    cause: str | None = None
    retryable: bool = True
    # What else to say of this apply: whose place it took over, why its log is not kept.
    notes: Annotated[tuple[str, ...], Field(max_length=4)] = ()
    fix: FixText | None = None  # what to do about the cause


class DriftReport(_Report):
    """What differs between a database and its root, found without a change.

    `module_newer`: the module is not the one that the database was applied with, and by that one it does not
    differ. It did not drift then.
    """

    type: Literal["drift"] = "drift"
    drifted: bool
    module_newer: bool = False
    plan_text: PlanText = ""


class ApplyQuestion(_Report):
    """May what main says of this database be applied? `text` is its main.tf, None where main has none."""

    type: Literal["may_apply"] = "may_apply"
    text: Annotated[str, Field(max_length=ROOT_TEXT_LIMIT)] | None


class Heartbeat(_Message):
    """A run on main is at work for these requests; the next word comes after `seconds`."""

    type: Literal["heartbeat"] = "heartbeat"
    requests: Annotated[tuple[RequestId, ...], Field(max_length=MOST_REQUESTS)]
    seconds: Annotated[int, Field(ge=1, le=600)]


class JobQuestion(_Message):
    """Has this job of CircleCI's ended? `job` is `<workflow id>/<job id>`, as its API names them."""

    type: Literal["has_ended"] = "has_ended"
    job: Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{36}/[0-9a-fA-F-]{36}$")]


class Answer(BaseModel):
    """What a function answers; older functions leave out what they do not know, newer ones may say more.

    `retry` asks for the same report again. `denied` says that the provisioner denies what the plan passed,
    and `break_glass` that an operator lets this pull request pass without a request. `may_apply` answers a
    question; `fix` says what to do where it is False. `request_id` is the request that asked for what is
    planned or applied: a function that says so takes heartbeats too. `ended` says whether a job has ended,
    and is left out where that is not known.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    accepted: bool
    reason: str = ""
    retry: bool | None = None
    denied: bool | None = None
    break_glass: bool | None = None
    may_apply: bool | None = None
    fix: str | None = None
    request_id: str | None = None
    ended: bool | None = None


Report: TypeAlias = PlanReport | ApplyReport | DriftReport | ApplyQuestion | Heartbeat | JobQuestion
_ADAPTER: TypeAdapter[Report] = TypeAdapter(Annotated[Report, Field(discriminator="type")])


def encode(report: Report) -> dict[str, Any]:
    """A report as the pipeline sends it, ready for JSON."""
    return report.model_dump(mode="json")


def encode_answer(answer: Answer) -> dict[str, Any]:
    """An answer as a function gives it, without what it does not say."""
    return answer.model_dump(mode="json", exclude_none=True)


def parse(content: Any) -> Report:
    """Check a report; raises ReportError that names what is wrong."""
    try:
        return _ADAPTER.validate_python(content, extra="ignore")
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors()
        )
        raise ReportError(problems[:_LONGEST_PROBLEM]) from error


def unknown_fields(content: Mapping[str, Any]) -> list[str]:
    """The fields of a report that `parse` ignores, because only a newer release knows them; the first few."""
    try:
        _ADAPTER.validate_python(content)
    except ValidationError as error:
        found = [problem["loc"] for problem in error.errors() if problem["type"] == "extra_forbidden"]
        return [".".join(map(str, loc[1:]))[:_LONGEST_FIELD] for loc in found[:_MOST_FIELDS]]
    return []
