"""The CircleCI configuration is valid, and keeps the rules that its schema does not know."""

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pipeline.assume_role import SECONDS
from pipeline.providers import HOME

PROJECT = Path(__file__).parents[2]
TEXT = (PROJECT / ".circleci" / "config.yml").read_text(encoding="utf-8")
CONFIG: dict[str, Any] = yaml.safe_load(TEXT)
ROLES = {"plan": "plan", "apply": "apply << parameters.environment >>", "drift": "drift"}
WITH_CREDENTIALS = set(ROLES)


def placed() -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(workflow, job, what the workflow says of it) for every job of every workflow."""
    for workflow, content in CONFIG["workflows"].items():
        for entry in content["jobs"]:
            (name, settings) = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
            yield workflow, name, settings


def runs(job: str) -> list[str]:
    """The commands of a job, with its prepare command unfolded."""
    found = []
    for step in CONFIG["jobs"][job]["steps"]:
        steps = CONFIG["commands"][step]["steps"] if step == "prepare" else [step]
        found += [step["run"]["command"] for step in steps if isinstance(step, Mapping) and "run" in step]
    return found


def test_it_follows_circlecis_own_schema() -> None:
    spec = importlib.util.find_spec("check_jsonschema")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / "builtin_schemas" / "vendor" / "circle-ci.json"
    schema = json.loads(path.read_text(encoding="utf-8"))

    jsonschema.validators.validator_for(schema)(schema).validate(CONFIG)


def test_every_job_is_used_and_every_used_job_exists() -> None:
    assert {job for _, job, _ in placed()} == set(CONFIG["jobs"])


def test_what_a_job_requires_exists_in_its_workflow() -> None:
    names = {(workflow, settings.get("name", job)) for workflow, job, settings in placed()}
    required = [(workflow, job) for workflow, _, settings in placed() for job in settings.get("requires", [])]

    assert set(required) <= names


def test_roles_are_taken_by_the_jobs_that_need_them_alone() -> None:
    taking = {job for job in CONFIG["jobs"] if any("assume_role" in command for command in runs(job))}
    assert taking == WITH_CREDENTIALS


def test_no_job_needs_a_context() -> None:
    """A context asks who started the pipeline, and the App, whose pushes start them, is no member."""
    assert not any("context" in settings for _, _, settings in placed())


def test_main_alone_is_applied_and_no_run_waits_for_another() -> None:
    applies = [settings for _, job, settings in placed() if job == "apply"]

    assert len(applies) == 1
    assert applies[0]["filters"] == {"branches": {"only": "main"}}
    assert "serial-group" not in applies[0]  # claims keep two runs off one root (pipeline/claims.py)
    catalog = yaml.safe_load((PROJECT / "catalog.yaml").read_text(encoding="utf-8"))
    assert applies[0]["matrix"]["parameters"]["environment"] == list(catalog["environments"])


def test_branches_are_judged_and_planned_and_nothing_else_with_credentials() -> None:
    ignoring_main = {
        job for _, job, one in placed() if "main" in str(one["filters"]["branches"].get("ignore"))
    }

    assert ignoring_main == {"check", "gate", "plan"}
    assert not any("requires" in settings for _, job, settings in placed() if job == "plan")


@pytest.mark.parametrize("job", sorted(WITH_CREDENTIALS))
def test_a_job_with_credentials_installs_takes_its_role_and_calls_one_verb(job: str) -> None:
    setup, role, verb = runs(job)

    assert setup == "pipeline/setup"
    assert role == "python -m pipeline.assume_role " + ROLES[job]
    assert re.fullmatch(rf"python -m pipeline {job}( --environment << parameters.environment >>)?", verb)


def test_the_gate_has_no_credentials_and_calls_one_verb() -> None:
    assert runs("gate") == ["pipeline/setup", "python -m pipeline gate"]


def test_the_apply_restores_nothing_that_a_branch_may_have_written() -> None:
    """A cache belongs to the project, and restoring one may write any file of the job."""
    caching = {
        job
        for job, content in CONFIG["jobs"].items()
        if {"restore_providers", "save_providers"}
        & {step for step in content["steps"] if isinstance(step, str)}
    }
    assert caching == {"plan"}
    assert TEXT.count("restore_cache") == TEXT.count("save_cache") == 1


def test_the_provider_is_cached_under_the_lock_files_checksum() -> None:
    ((restore,), (save,)) = (
        CONFIG["commands"][name]["steps"] for name in ("restore_providers", "save_providers")
    )
    assert restore["restore_cache"]["keys"] == [save["save_cache"]["key"]]
    assert 'checksum "terraform/databases/.terraform.lock.hcl"' in save["save_cache"]["key"]
    assert save["save_cache"]["paths"] == [f"~/{HOME / 'providers'}"]


def test_every_checkout_is_a_whole_clone() -> None:
    """In one without blobs git fetches an older file when it reads it, and a network fault has no root."""
    places = [*CONFIG["jobs"].values(), *CONFIG["commands"].values()]
    steps = [step for place in places for step in place["steps"] if "checkout" in step]
    assert steps == [{"checkout": {"method": "full"}}] * 2


def test_a_silent_apply_may_take_as_long_as_its_session() -> None:
    (step,) = [step for step in CONFIG["jobs"]["apply"]["steps"] if "no_output_timeout" in str(step)]
    assert step["run"]["no_output_timeout"] == f"{SECONDS['apply'] // 3600}h"


def test_images_are_pinned_to_a_version() -> None:
    images = re.findall(r"image: (\S+)", TEXT)

    assert images
    assert all(re.fullmatch(r"cimg/\w+:\d+\.\d+\.\d+", image) for image in images)


def test_there_is_no_orb_no_static_key_and_nothing_that_skips_a_pipeline() -> None:
    assert "orbs" not in CONFIG
    assert not re.search(r"AKIA|AWS_(ACCESS|SECRET)|aws_access_key|ghp_|ghs_", TEXT)
    assert "[skip ci]" not in TEXT.lower()
    assert "[ci skip]" not in TEXT.lower()
