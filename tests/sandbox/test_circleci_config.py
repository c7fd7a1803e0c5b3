"""The stand-in reads a configuration as CircleCI does, and refuses what it does not know."""

from typing import Any

import pytest

from sandbox.circleci.config import Job, Trigger, Workflow, read
from sandbox.circleci.expressions import ConfigError, holds

BASE = """
version: 2.1
parameters:
  nightly: {type: boolean, default: false}
executors:
  small:
    docker: [{image: "cimg/python:3.13"}]
    environment: {COLOUR: "no"}
commands:
  greet:
    parameters:
      who: {type: string}
    steps:
      - run: {name: "Greet << parameters.who >>", command: "echo << parameters.who >>"}
jobs:
  hello:
    executor: small
    parameters:
      environment: {type: string, default: dev}
    environment: {PLACE: "<< parameters.environment >>"}
    steps:
      - checkout
      - greet: {who: "<< parameters.environment >>"}
      - when:
          condition: << pipeline.parameters.nightly >>
          steps: [{run: "echo night"}]
      - run: |
          cat \\<<END
          END
  bye:
    docker: [{image: "cimg/base:current"}]
    steps: [{run: {command: "echo bye", when: always}}]
"""


def workflows(text: str, branch: str = "main", **parameters: Any) -> list[Workflow]:
    values = {"pipeline.git.branch": branch, "pipeline.project.slug": "gh/o/r", "pipeline.number": 7}
    return read(BASE + text, Trigger(values, parameters))


def jobs(text: str, branch: str = "main", **parameters: Any) -> dict[str, Job]:
    return {job.name: job for workflow in workflows(text, branch, **parameters) for job in workflow.jobs}


def test_commands_unfold_with_their_arguments() -> None:
    job = jobs("workflows: {w: {jobs: [hello]}}")["hello"]
    assert [step.kind for step in job.steps] == ["checkout", "run", "run"]
    assert job.steps[1].settings == {"name": "Greet dev", "command": "echo dev"}
    assert job.environment == {"COLOUR": "no", "PLACE": "dev"}


def test_conditional_steps_follow_the_pipeline_parameter() -> None:
    job = jobs("workflows: {w: {jobs: [hello]}}", nightly=True)["hello"]
    assert [step.settings.get("command", "").strip() for step in job.steps][2] == "echo night"


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


def test_a_job_whose_requirement_is_filtered_out_does_not_run() -> None:
    text = """
workflows:
  w:
    jobs:
      - hello: {filters: {branches: {only: main}}}
      - bye: {requires: [hello]}
"""
    assert set(jobs(text, "other")) == set()


def test_a_matrix_makes_one_job_per_cell_and_requires_means_all_of_them() -> None:
    text = """
workflows:
  w:
    jobs:
      - hello:
          name: hello-<< matrix.environment >>
          serial-group: << pipeline.project.slug >>/<< matrix.environment >>
          matrix: {parameters: {environment: [dev, prod]}}
      - bye: {requires: [hello]}
"""
    found = jobs(text)
    assert set(found) == {"hello-dev", "hello-prod", "bye"}
    assert found["hello-prod"].serial_group == "gh/o/r/prod"
    assert found["hello-prod"].environment["PLACE"] == "prod"
    assert set(found["bye"].requires) == {"hello-dev", "hello-prod"}


def test_a_workflow_runs_only_when_its_condition_holds() -> None:
    text = """
workflows:
  night: {when: << pipeline.parameters.nightly >>, jobs: [bye]}
  day: {when: {not: << pipeline.parameters.nightly >>}, jobs: [hello]}
"""
    assert [workflow.name for workflow in workflows(text)] == ["day"]
    assert [workflow.name for workflow in workflows(text, nightly=True)] == ["night"]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"equal": ["main", "<< pipeline.git.branch >>"]}, True),
        ({"and": [True, "<< empty >>"]}, False),
        ({"or": [False, {"matches": {"pattern": "^ma.*$", "value": "<< pipeline.git.branch >>"}}]}, True),
        ('pipeline.git.branch == "main" and not empty', True),
        ('pipeline.git.branch != "main" or (empty == "")', True),
        ('pipeline.git.branch starts-with "rds/"', False),
    ],
)
def test_conditions_follow_circleci_s_logic(condition: Any, expected: bool) -> None:
    assert holds(condition, {"pipeline.git.branch": "main", "empty": ""}) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("orbs: {a: b}\nworkflows: {w: {jobs: [bye]}}", "orbs"),
        ("workflows: {w: {jobs: [nothing]}}", "nothing, which nobody defines"),
        ("workflows: {w: {jobs: [{bye: {requires: [ghost]}}]}}", "requires ghost"),
        ("workflows: {w: {jobs: [{bye: {size: big}}]}}", "no parameter size"),
        ("workflows: {w: {jobs: [{hello: {environment: << pipeline.moon >>}}]}}", "pipeline.moon"),
        ("workflows: {w: {jobs: [{hold: {type: approval}}]}}", "approval"),
    ],
)
def test_what_the_stand_in_does_not_know_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        workflows(text)
