"""Turns the text of a .circleci/config.yml into the jobs that one pipeline runs."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from sandbox.circleci.expressions import ConfigError, branch_matches, fill, holds

SUCCESS = frozenset({"success"})
TOP_LEVEL = {"version", "parameters", "executors", "commands", "jobs", "workflows"}
JOB_KEYS = {
    "docker", "machine", "executor", "resource_class", "description", "parameters", "environment", "shell",
    "steps", "working_directory",
}  # fmt: skip
WORKFLOW_JOB_KEYS = {"name", "requires", "filters", "matrix", "serial-group", "type"}
STEPS = {
    "run", "checkout", "persist_to_workspace", "attach_workspace", "save_cache", "restore_cache",
    "store_artifacts", "store_test_results", "when", "unless",
}  # fmt: skip


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
    requires: Mapping[str, frozenset[str]] = field(default_factory=dict)
    serial_group: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    working_directory: str = "~/project"
    shell: str = "/bin/bash -eo pipefail"


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
    values = {**trigger.values, **pipeline_parameters(config.get("parameters") or {}, trigger.parameters)}
    return list(_workflows(config, values, trigger.branch))


def pipeline_parameters(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(given) - set(declared):
        raise ConfigError(f"the pipeline has no parameter {', '.join(sorted(unknown))}")
    return {
        f"pipeline.parameters.{name}": given.get(name, declared[name].get("default")) for name in declared
    }


def _workflows(config: Mapping[str, Any], values: Mapping[str, Any], branch: str) -> Iterator[Workflow]:
    for name, body in config.get("workflows", {}).items():
        if name == "version":
            continue
        refuse_unknown(f"workflow {name}", body, {"when", "unless", "jobs"})
        if "when" in body and not holds(body["when"], values):
            continue
        if "unless" in body and holds(body["unless"], values):
            continue
        names = {key: found for entry in body["jobs"] for key, found in _names(entry).items()}
        jobs = [job for entry in body["jobs"] for job in _entry(entry, config, values, branch)]
        if runnable := _runnable([replace(job, requires=_each(job, names)) for job in jobs]):
            yield Workflow(name, runnable)


def _names(entry: Any) -> dict[str, list[str]]:
    """What `requires` may say for one line of a workflow, and the jobs that each word means."""
    definition, settings = _split(entry)
    every = [name for name, _ in _variants(definition, settings)]
    alias = (settings.get("matrix") or {}).get("alias", definition)
    return {**{name: [name] for name in every}, **({alias: every} if "matrix" in settings else {})}


def _each(job: Job, names: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    if missing := set(job.requires) - set(names):
        raise ConfigError(
            f"job {job.name} requires {', '.join(sorted(missing))}, which the workflow does not have"
        )
    return {name: statuses for word, statuses in job.requires.items() for name in names[word]}


def _runnable(jobs: list[Job]) -> tuple[Job, ...]:
    """Without the jobs that wait for one that a filter took away: those do not run either."""
    while True:
        names = {job.name for job in jobs}
        kept = [job for job in jobs if set(job.requires) <= names]
        if len(kept) == len(jobs):
            return tuple(jobs)
        jobs = kept


def _split(entry: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(entry, str):
        return entry, {}
    ((definition, settings),) = entry.items()
    return definition, dict(settings or {})


def _entry(entry: Any, config: Mapping[str, Any], values: Mapping[str, Any], branch: str) -> Iterator[Job]:
    """The jobs that one line of a workflow stands for: none, one, or one per matrix cell."""
    definition, settings = _split(entry)
    if not _passes(settings.get("filters"), branch, values):
        return
    for name, cell in _variants(definition, settings):
        filled = fill(settings, {**values, **{f"matrix.{key}": item for key, item in cell.items()}})
        known = {key: filled[key] for key in WORKFLOW_JOB_KEYS & filled.keys()}
        arguments = {**{key: item for key, item in filled.items() if key not in known}, **cell}
        common: dict[str, Any] = {
            "name": name,
            "definition": definition,
            "requires": _requires(known.get("requires", [])),
            "serial_group": known.get("serial-group"),
        }
        if "type" in known:
            raise ConfigError(f"job {name} is of type {known['type']}, which this stand-in does not know")
        yield Job(**common, **_body(definition, arguments, config, values))


def _variants(definition: str, settings: Mapping[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """A job's names and parameters for each cell of its matrix, or its own name alone."""
    matrix = settings.get("matrix")
    if not matrix:
        return [(str(settings.get("name", definition)), {})]
    refuse_unknown(f"the matrix of {definition}", matrix, {"parameters", "exclude", "alias"})
    axes = matrix["parameters"]
    cells = [dict(zip(axes, cell, strict=True)) for cell in itertools.product(*axes.values())]
    cells = [cell for cell in cells if cell not in matrix.get("exclude", [])]
    template = settings.get("name", definition + "".join(f"-<< matrix.{axis} >>" for axis in axes))
    return [
        (str(fill(template, {f"matrix.{axis}": item for axis, item in cell.items()})), cell) for cell in cells
    ]


def _passes(filters: Any, branch: str, values: Mapping[str, Any]) -> bool:
    if filters is None:
        return True
    if isinstance(filters, str):
        return holds(filters, values)
    refuse_unknown("filters", filters, {"branches", "tags"})
    branches = filters.get("branches", {})
    refuse_unknown("filters.branches", branches, {"only", "ignore"})
    if "only" in branches:
        return branch_matches(branches["only"], branch)
    return not branch_matches(branches.get("ignore", []), branch)


def _requires(entries: list[Any]) -> dict[str, frozenset[str]]:
    required: dict[str, frozenset[str]] = {}
    for entry in entries:
        if isinstance(entry, str):
            required[entry] = SUCCESS
        else:
            ((name, statuses),) = entry.items()
            required[name] = frozenset([statuses] if isinstance(statuses, str) else statuses)
    return required


def _body(
    definition: str, arguments: Mapping[str, Any], config: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """What the job itself says: its steps, environment and directory, with its parameters filled in."""
    body = config.get("jobs", {}).get(definition)
    if body is None:
        raise ConfigError(f"the workflow names job {definition}, which nobody defines")
    refuse_unknown(f"job {definition}", body, JOB_KEYS)
    scope = {**values, **_arguments(f"job {definition}", body.get("parameters") or {}, arguments)}
    body = fill({key: item for key, item in body.items() if key not in ("parameters", "steps")}, scope)
    executor = _executor(body.get("executor"), config, scope)
    environment = {**executor.get("environment", {}), **body.get("environment", {})}
    return {
        "steps": tuple(_steps(config["jobs"][definition]["steps"], config, scope)),
        "environment": {name: str(item) for name, item in environment.items()},
        "working_directory": body.get("working_directory", executor.get("working_directory", "~/project")),
        "shell": body.get("shell", executor.get("shell", "/bin/bash -eo pipefail")),
    }


def _executor(named: Any, config: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    if named is None:
        return {}
    name = named if isinstance(named, str) else named["name"]
    given = {} if isinstance(named, str) else {key: item for key, item in named.items() if key != "name"}
    if name not in config.get("executors", {}):
        raise ConfigError(f"nobody defines the executor {name}")
    body = dict(config["executors"][name])
    scope = {**values, **_arguments(f"executor {name}", body.pop("parameters", {}), given)}
    filled: dict[str, Any] = fill(body, scope)
    return filled


def _arguments(owner: str, declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := set(given) - set(declared):
        raise ConfigError(f"{owner} has no parameter {', '.join(sorted(unknown))}")
    found = {}
    for name, declaration in declared.items():
        if name not in given and "default" not in declaration:
            raise ConfigError(f"{owner} needs the parameter {name}")
        found[f"parameters.{name}"] = given.get(name, declaration.get("default"))
    return found


def _steps(entries: list[Any], config: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[Step]:
    for entry in entries:
        kind, raw = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
        commands = config.get("commands", {})
        if kind in commands:
            arguments = _arguments(
                f"command {kind}", commands[kind].get("parameters") or {}, fill(raw or {}, values)
            )
            scope = {name: item for name, item in values.items() if not name.startswith("parameters.")}
            yield from _steps(commands[kind]["steps"], config, {**scope, **arguments})
        elif kind in ("when", "unless"):
            if holds(raw["condition"], values) == (kind == "when"):
                yield from _steps(raw["steps"], config, values)
        elif kind in STEPS:
            settings = {"command": raw} if kind == "run" and isinstance(raw, str) else raw or {}
            yield Step(kind, fill(settings, values))
        else:
            raise ConfigError(f"the step {kind!r} is not one this stand-in knows")


def refuse_unknown(owner: str, body: Mapping[str, Any], known: set[str]) -> None:
    if unknown := set(body) - known:
        raise ConfigError(
            f"{owner} says {', '.join(sorted(map(str, unknown)))}, which this stand-in does not know"
        )
