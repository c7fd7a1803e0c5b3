"""Turns the text of a .circleci/config.yml into the jobs that one pipeline runs.

It knows what the project's own configuration uses, and refuses everything else with a sentence.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from sandbox.circleci.expressions import ConfigError, branch_matches, fill, holds

TOP_LEVEL = {"version", "parameters", "executors", "commands", "jobs", "workflows"}
# The image and its size say where a step runs on CircleCI. Here it runs on this machine.
ELSEWHERE = {"docker", "resource_class"}
JOB_KEYS = {"executor", "parameters", "steps", *ELSEWHERE}
WORKFLOW_JOB_KEYS = {"name", "filters", "matrix", "serial-group"}
STEPS = {
    "checkout": {"method"},
    "run": {"name", "command", "no_output_timeout"},
    "restore_cache": {"keys"},
    "save_cache": {"key", "paths"},
}


@dataclass(frozen=True, slots=True)
class Step:
    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as it will run: parameters filled in, commands unfolded into steps."""

    name: str
    definition: str
    steps: tuple[Step, ...] = ()
    serial_group: str | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    name: str
    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Trigger:
    """What `<< pipeline.* >>` says, and the parameters that were given."""

    values: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def branch(self) -> str:
        return str(self.values["pipeline.git.branch"])


def read(text: str, trigger: Trigger) -> list[Workflow]:
    """The workflows that run for this trigger, each with the jobs its filters let through."""
    config = yaml.safe_load(text)
    if not isinstance(config, dict) or str(config.get("version")) != "2.1":
        raise ConfigError("the configuration's version is not 2.1")
    refuse_unknown("the configuration", config, TOP_LEVEL)
    declared = config.get("parameters") or {}
    given = arguments_for("the pipeline", declared, trigger.parameters)
    values = {**trigger.values, **{f"pipeline.{name}": item for name, item in given.items()}}
    return list(_workflows(config, values, trigger.branch))


def _workflows(config: Mapping[str, Any], values: Mapping[str, Any], branch: str) -> Iterator[Workflow]:
    for name, body in config.get("workflows", {}).items():
        refuse_unknown(f"workflow {name}", body, {"when", "jobs"})
        if holds(body.get("when", True), values):
            jobs = tuple(job for entry in body["jobs"] for job in _entry(entry, config, values, branch))
            if jobs:
                yield Workflow(name, jobs)


def _entry(entry: Any, config: Mapping[str, Any], values: Mapping[str, Any], branch: str) -> Iterator[Job]:
    """The jobs that one line of a workflow means: none, one, or one per matrix cell."""
    definition, settings = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
    if not _passes(settings.get("filters", {}), branch):
        return
    for cell in _cells(definition, settings.get("matrix")):
        filled = fill(settings, {**values, **{f"matrix.{key}": item for key, item in cell.items()}})
        arguments = {key: item for key, item in filled.items() if key not in WORKFLOW_JOB_KEYS}
        yield Job(
            name=str(filled.get("name", "-".join([definition, *map(str, cell.values())]))),
            definition=definition,
            steps=_body(definition, {**arguments, **cell}, config, values),
            serial_group=filled.get("serial-group"),
        )


def _cells(definition: str, matrix: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The parameters of each job of a matrix; one job without any where there is no matrix."""
    if matrix is None:
        return [{}]
    refuse_unknown(f"the matrix of {definition}", matrix, {"parameters"})
    axes = matrix["parameters"]
    return [dict(zip(axes, cell, strict=True)) for cell in itertools.product(*axes.values())]


def _passes(filters: Mapping[str, Any], branch: str) -> bool:
    if not isinstance(filters, Mapping):
        raise ConfigError(f"the filter {filters!r} is not one this stand-in knows")
    refuse_unknown("filters", filters, {"branches"})
    branches = filters.get("branches", {})
    refuse_unknown("filters.branches", branches, {"only", "ignore"})
    if "only" in branches:
        return branch_matches(branches["only"], branch)
    return not branch_matches(branches.get("ignore", []), branch)


def _body(
    definition: str, given: Mapping[str, Any], config: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[Step, ...]:
    """The steps of a job, with its parameters filled in."""
    body = config.get("jobs", {}).get(definition)
    if body is None:
        raise ConfigError(f"the workflow names job {definition}, which is not defined")
    refuse_unknown(f"job {definition}", body, JOB_KEYS)
    if executor := body.get("executor"):
        if executor not in config.get("executors", {}):
            raise ConfigError(f"job {definition} names the executor {executor}, which is not defined")
        refuse_unknown(f"executor {executor}", config["executors"][executor], ELSEWHERE)
    arguments = arguments_for(f"job {definition}", body.get("parameters") or {}, given)
    return tuple(_steps(body["steps"], config, {**values, **arguments}))


def arguments_for(owner: str, declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What `<< parameters.* >>` says: what was given, or the default."""
    if unknown := set(given) - set(declared):
        raise ConfigError(f"{owner} has no parameter {', '.join(sorted(unknown))}")
    found = {}
    for name, declaration in declared.items():
        if name not in given and "default" not in declaration:
            raise ConfigError(f"{owner} needs the parameter {name}")
        found[f"parameters.{name}"] = given.get(name, declaration.get("default"))
    return found


def _steps(entries: list[Any], config: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Step]:
    commands = config.get("commands", {})
    for entry in entries:
        kind, raw = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
        if kind in commands:
            refuse_unknown(f"command {kind}", {**commands[kind], **raw}, {"steps"})
            scope = {name: item for name, item in values.items() if not name.startswith("parameters.")}
            yield from _steps(commands[kind]["steps"], config, scope)
        elif kind in STEPS:
            settings = {"command": raw} if isinstance(raw, str) else raw
            refuse_unknown(f"the step {kind}", settings, STEPS[kind])
            yield Step(kind, fill(settings, values))
        else:
            raise ConfigError(f"the step {kind!r} is not one this stand-in knows")


def refuse_unknown(owner: str, body: Mapping[str, Any], known: set[str]) -> None:
    if unknown := set(body) - known:
        raise ConfigError(
            f"{owner} says {', '.join(sorted(map(str, unknown)))}, which this stand-in does not know"
        )
