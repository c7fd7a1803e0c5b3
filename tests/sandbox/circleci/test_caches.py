"""Caches are kept under a key once, and come back to where they were."""

import re
from pathlib import Path

import pytest

from sandbox.circleci.caches import Caches
from sandbox.circleci.expressions import ConfigError


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job's home, with a project and something to keep."""
    home = tmp_path / "home"
    (home / "project").mkdir(parents=True)
    (home / "project" / "lock").write_text("1")
    (home / "kept" / "deep").mkdir(parents=True)
    (home / "kept" / "deep" / "file").write_text("content")
    return home


def test_a_later_job_gets_what_an_earlier_one_kept(job: Path, tmp_path: Path) -> None:
    caches, later = Caches(tmp_path / "caches"), tmp_path / "later"
    key = 'a-{{ arch }}-{{ checksum "lock" }}'
    assert caches.restore([key], job / "project", job) == "No cache is found"
    stored = caches.save(key, ["~/kept"], job / "project", job)
    assert re.fullmatch(r"Stored cache to a-arch1-linux-\w+-[0-9a-f]{64}", stored)

    (later / "project").mkdir(parents=True)
    (later / "project" / "lock").write_text("1")
    assert caches.restore(["b", key], later / "project", later).startswith("Found a cache for key: a-arch1-")
    assert (later / "kept" / "deep" / "file").read_text() == "content"

    (later / "project" / "lock").write_text("2")
    assert caches.restore([key], later / "project", later) == "No cache is found"


def test_a_key_is_written_once_and_what_is_missing_is_not_kept(job: Path, tmp_path: Path) -> None:
    caches = Caches(tmp_path / "caches")
    assert (
        caches.save("a", ["~/none"], job, job) == f"Skipping cache generation, no such path: {job / 'none'}"
    )
    caches.save("a", ["~/kept"], job, job)
    assert caches.save("a", ["~/kept"], job, job) == (
        "Skipping cache generation, cache already exists for key: a"
    )


@pytest.mark.parametrize("key", ["{{ .Branch }}", '{{ checksum "none" }}'])
def test_a_key_that_is_not_known_is_an_error(job: Path, tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(key)):
        Caches(tmp_path).restore([key], job, job)
