"""Terraform's own checks, over every directory that the repository keeps Terraform in."""

import shutil
from pathlib import Path

import pytest
from provisioner.core.hcl import render, render_removed
from provisioner.core.names import Place
from provisioner.core.root import Root

from sandbox import terraform_mirror
from tests.terraform_files.terraform import LOCK, REPOSITORY, terraform

DIRECTORIES = ["modules/rds_database", "modules/rds_cluster", "foundation"]


@pytest.fixture(scope="session")
def cli_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return terraform_mirror.cli_config(tmp_path_factory.mktemp("terraform"))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The Terraform tree without what a run leaves behind, so that no test depends on an earlier one."""
    leftovers = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfvars", "backend.tf")
    shutil.copy(REPOSITORY / "catalog.yaml", tmp_path)
    return Path(shutil.copytree(REPOSITORY / "terraform", tmp_path / "terraform", ignore=leftovers))


def test_every_file_is_formatted(cli_config: Path) -> None:
    terraform(REPOSITORY, cli_config, "fmt", "-check", "-recursive", "-diff", "terraform")


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_a_directory_is_valid_and_its_own_tests_pass(directory: str, copy: Path, cli_config: Path) -> None:
    place = copy / directory
    shutil.copy(LOCK, place)

    terraform(place, cli_config, "init", "-backend=false", "-input=false", "-no-color", "-lockfile=readonly")
    terraform(place, cli_config, "validate", "-no-color")
    summary = terraform(place, cli_config, "test", "-no-color")

    assert "Success!" in summary
    assert ", 0 failed." in summary
    assert "skipped" not in summary


ROOT = Root(
    environment="dev",
    database_name="mydb123",
    engine="mysql",
    engine_version="8.4",
    instance_class="db.t4g.micro",
    storage_gb=20,
    max_storage_gb=40,
    multi_az=False,
    backup_retention_days=1,
    deletion_protection=False,
    final_snapshot=False,
    request_id="3f0c1a2b-1111-4222-8333-444455556666",
    team="alpha",
    owner="alpha",
    purpose="orders ${of} the shop",
    cost_center="alpha",
    expires_at="2026-11-30T12:00:00Z",
    tags={"Service": "orders"},
)


@pytest.mark.parametrize(
    "text", [render(ROOT), render_removed(Place("dev", "mydb123"))], ids=["rendered", "removed"]
)
def test_a_root_initialises_with_the_committed_lock_and_fits_the_module(
    text: str, copy: Path, cli_config: Path
) -> None:
    place = copy / "databases" / "dev" / "mydb123"
    place.mkdir(parents=True)
    (place / "main.tf").write_text(text)
    shutil.copy(LOCK, place)

    terraform(place, cli_config, "init", "-backend=false", "-input=false", "-no-color", "-lockfile=readonly")
    terraform(place, cli_config, "validate", "-no-color")

    assert (place / LOCK.name).read_bytes() == LOCK.read_bytes()
