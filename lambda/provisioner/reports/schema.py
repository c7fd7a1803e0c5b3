"""④ What the pipeline reports, checked: the plan of a pull request, an apply on main, or drift."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from provisioner.core.lifecycle import Kind
from provisioner.core.names import Place
from provisioner.core.policy import PolicyResult

Count = Annotated[int, Field(ge=0, le=1_000_000)]


class ReportError(ValueError):
    """A report that cannot be read."""


class _Part(BaseModel):
    # A newer pipeline may say more than an older function reads.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Summary(_Part):
    """What a plan would do; counts are of Terraform resources, and of databases among them."""

    add: Count = 0
    change: Count = 0
    destroy: Count = 0
    replace: Count = 0
    databases_added: Count = 0
    databases_destroyed: Count = 0
    only_own_database: bool = False


class Policy(_Part):
    """One policy result."""

    rule: str
    passed: bool
    detail: str = ""

    def result(self) -> PolicyResult:
        """The same as the policy's own type."""
        return PolicyResult(self.rule, self.passed, self.detail)


class _Report(_Part):
    version: Literal[1]
    environment: Annotated[str, Field(max_length=20)]
    database_name: Annotated[str, Field(max_length=63)]
    # Both become part of an event's key in the ledger, and the address a link that people follow.
    pipeline_url: Annotated[str, Field(pattern=r"^(https?://[!-~]{1,400})?$")] = ""
    commit: Annotated[str, Field(pattern=r"^([0-9a-f]{40,64})?$")] = ""

    @property
    def place(self) -> Place:
        """The database that it is about."""
        return Place(self.environment, self.database_name)


class PlanReport(_Report):
    """The gate's and the plan's verdict on one commit of a branch."""

    type: Literal["plan"]
    branch: Annotated[str, Field(max_length=250)]
    outcome: Literal["passed", "denied", "failed"]
    summary: Summary | None = None
    plan_text: str = ""
    policy: list[Policy] = []
    cause: str | None = None


class ApplyReport(_Report):
    """How an apply on main stands."""

    type: Literal["apply"]
    outcome: Literal["started", "succeeded", "removed", "failed"]
    request_id: str | None = None
    result: dict[str, Any] | None = None
    cause: str | None = None
    retryable: bool = True


class DriftReport(_Report):
    """What differs between a database and its root, found without a change."""

    type: Literal["drift"]
    drifted: bool
    plan_text: str = ""


Report = Annotated[PlanReport | ApplyReport | DriftReport, Field(discriminator="type")]
_ADAPTER: TypeAdapter[PlanReport | ApplyReport | DriftReport] = TypeAdapter(Report)


def parse(content: Any) -> PlanReport | ApplyReport | DriftReport:
    """Check a report; raises ReportError naming what is wrong."""
    try:
        return _ADAPTER.validate_python(content)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ReportError(problems) from error


def is_what_was_asked(kind: Kind, summary: Summary) -> bool:
    """Whether a plan does what a request of this kind asks for, and nothing else."""
    if not summary.only_own_database or summary.replace:
        return False
    match kind:
        case Kind.CREATE:
            return summary.databases_added == 1 and summary.change == 0 and summary.destroy == 0
        case Kind.REMOVE:
            # None where its creation failed before there was one.
            return summary.databases_destroyed <= 1 and summary.add == 0 and summary.change == 0
        case _:
            return summary.add == 0 and summary.destroy == 0
