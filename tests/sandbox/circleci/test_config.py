"""The CircleCI stand-in reads what the project's configuration uses, and refuses everything else."""

from pathlib import Path
from typing import Any

import pytest

from sandbox.circleci.config import Job, Trigger, Workflow, read
from sandbox.circleci.expressions import ConfigError, fill, unescape

PROJECT = (Path(__file__).parents[3] / ".circleci" / "config.yml").read_text()
BASE = """
version: 2.1
parameters:
  nightly: {type: boolean, default: false}
executors:
  small:
    docker: [{image: "cimg/python:3.13"}]
commands:
  prepare:
    steps: [checkout, run: {name: Install, command: install}]
jobs:
  hello:
    executor: small
    parameters:
      environment: {type: string, default: dev}
    steps:
      - prepare
      - run: {name: "Greet << parameters.environment >>", command: "echo << parameters.environment >>"}
  bye:
    docker: [{image: "cimg/base:current"}]
    steps: [{run: "echo bye"}]
"""


def workflows(text: str, branch: str = "main", **parameters: Any) -> list[Workflow]:
    values = {"pipeline.git.branch": branch, "pipeline.project.slug": "gh/o/r"}
    return read(text, Trigger(values, parameters))


def jobs(text: str, branch: str = "main", **parameters: Any) -> dict[str, Job]:
    found = workflows(BASE + text, branch, **parameters)
    return {job.name: job for workflow in found for job in workflow.jobs}


@pytest.mark.parametrize(
    ("branch", "nightly", "names"),
    [
        ("main", False, {"apply-dev", "apply-staging", "apply-prod"}),
        ("main", True, {"drift"}),
        ("rds/dev/orders/create-3f0c1a2b", False, {"gate", "plan"}),
        ("rds/dev/orders/create-3f0c1a2b", True, set()),
        ("tidy", False, {"check", "gate", "plan"}),
    ],
)
def test_the_projects_own_configuration_is_read_for_every_branch(
    branch: str, nightly: bool, names: set[str]
) -> None:
    found = workflows(PROJECT, branch, nightly=nightly)

    assert {job.name for workflow in found for job in workflow.jobs} == names


def test_commands_unfold_and_parameters_are_filled_in() -> None:
    job = jobs("workflows: {w: {jobs: [hello]}}")["hello"]

    assert [(step.kind, step.settings) for step in job.steps] == [
        ("checkout", {}),
        ("run", {"name": "Install", "command": "install"}),
        ("run", {"name": "Greet dev", "command": "echo dev"}),
    ]


def test_branch_filters_take_names_and_whole_regular_expressions() -> None:
    text = """
workflows:
  w:
    jobs:
      - hello: {filters: {branches: {only: [main, "/rds\\\\/.*/"]}}}
      - bye: {filters: {branches: {ignore: main}}}
"""
    assert set(jobs(text, "main")) == {"hello"}
    assert set(jobs(text, "rds/dev/a/create-1")) == {"hello", "bye"}
    assert set(jobs(text, "other")) == {"bye"}


def test_a_matrix_makes_one_job_per_cell() -> None:
    text = """
workflows:
  w:
    jobs:
      - hello:
          name: hello-<< matrix.environment >>
          serial-group: << pipeline.project.slug >>/<< matrix.environment >>
          matrix: {parameters: {environment: [dev, prod]}}
"""
    found = jobs(text)

    assert set(found) == {"hello-dev", "hello-prod"}
    assert found["hello-prod"].serial_group == "gh/o/r/prod"
    assert found["hello-prod"].steps[-1].settings["command"] == "echo prod"


def test_a_workflow_runs_only_when_its_condition_holds() -> None:
    text = """
workflows:
  night: {when: << pipeline.parameters.nightly >>, jobs: [bye]}
  day: {when: {not: << pipeline.parameters.nightly >>}, jobs: [hello]}
"""
    assert [workflow.name for workflow in workflows(BASE + text)] == ["day"]
    assert [workflow.name for workflow in workflows(BASE + text, nightly=True)] == ["night"]


def test_an_escaped_heredoc_is_no_value() -> None:
    assert unescape(fill("cat \\<<END", {})) == "cat <<END"


JOB = "\n  odd:\n    docker: [{image: x}]\n    "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("orbs: {a: b}\nworkflows: {w: {jobs: [bye]}}", "the configuration says orbs"),
        ("workflows: {w: {jobs: [nothing]}}", "job nothing, which is not defined"),
        ("workflows: {w: {jobs: [{bye: {size: big}}]}}", "job bye has no parameter size"),
        ("workflows: {w: {jobs: [{bye: {requires: [hello]}}]}}", "job bye has no parameter requires"),
        ("workflows: {w: {jobs: [{bye: {type: approval}}]}}", "job bye has no parameter type"),
        ("workflows: {w: {jobs: [{bye: {context: keys}}]}}", "job bye has no parameter context"),
        ("workflows: {w: {unless: true, jobs: [bye]}}", "workflow w says unless"),
        ("workflows: {w: {when: {and: [true]}, jobs: [bye]}}", "the condition {'and'"),
        ("workflows: {w: {when: pipeline.git.branch == 1, jobs: [bye]}}", "the condition 'pipeline"),
        ("workflows: {w: {jobs: [{bye: {filters: {tags: {only: v1}}}}]}}", "filters says tags"),
        ("workflows: {w: {jobs: [{bye: {filters: main}}]}}", "the filter 'main'"),
        ("workflows: {w: {jobs: [{hello: {matrix: {parameters: {}, exclude: []}}}]}}", "says exclude"),
        ("workflows: {w: {jobs: [{hello: {environment: << pipeline.moon >>}}]}}", "pipeline.moon"),
    ],
)
def test_what_a_workflow_asks_for_and_the_stand_in_does_not_know_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        workflows(BASE + text)


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("environment: {A: b}\n    steps: []", "job odd says environment"),
        ("executor: large\n    steps: []", "the executor large, which is not defined"),
        ("steps: [{persist_to_workspace: {root: .}}]", "the step 'persist_to_workspace'"),
        ("steps: [{save_cache: {key: a, when: always}}]", "the step save_cache says when"),
        ("steps: [{when: {condition: true}}]", "the step 'when'"),
        ("steps: [{run: {command: a, background: true}}]", "the step run says background"),
        ("steps: [{run: {command: a, when: always}}]", "the step run says when"),
        ("steps: [{checkout: {path: a}}]", "the step checkout says path"),
        ("steps: [{prepare: {fast: true}}]", "command prepare says fast"),
    ],
)
def test_what_a_job_asks_for_and_the_stand_in_does_not_know_is_refused(job: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        workflows(f"{BASE.rstrip()}{JOB}{job}\nworkflows: {{w: {{jobs: [odd]}}}}")


def test_a_command_does_not_see_the_parameters_of_the_job() -> None:
    text = BASE.replace("command: install", 'command: "<< parameters.environment >>"')

    with pytest.raises(ConfigError, match=r"<< parameters\.environment >> is not a value"):
        workflows(text + "workflows: {w: {jobs: [hello]}}")
