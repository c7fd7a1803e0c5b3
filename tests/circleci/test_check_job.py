"""The job `check` finds what it needs on CircleCI's image, which has no Terraform and no database server."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from provisioner.core.catalog import parse

PROJECT = Path(__file__).parents[2]
PROGRAM = "#!/bin/bash\n"
# All that the scripts call before they fetch anything.
NEEDED = ("bash", "dirname", "uname", "mktemp", "rm")


@dataclass
class Image:
    """A machine whose user is not root, and whose PATH holds no Terraform."""

    home: Path

    def program(self, name: str, text: str) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(PROGRAM + text)
        path.chmod(0o755)

    def step(self, command: str) -> subprocess.CompletedProcess[str]:
        """One step as CircleCI runs it: a new shell, which reads what earlier ones wrote to $BASH_ENV."""
        environment = {
            "PATH": str(self.home / "bin"),
            "HOME": str(self.home),
            "BASH_ENV": str(self.home / "environment"),
        }
        return subprocess.run(
            ["/bin/bash", "-eo", "pipefail", "-c", command],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def as_root(self) -> list[str]:
        return (self.home / "sudo.log").read_text().splitlines()


@pytest.fixture
def image(tmp_path: Path) -> Image:
    made = Image(tmp_path)
    (tmp_path / "environment").touch()
    (tmp_path / "bin").mkdir()
    for name in NEEDED:
        found = shutil.which(name)
        assert found
        (tmp_path / "bin" / name).symlink_to(found)
    made.program("bin/sudo", f'echo "$*" >>{tmp_path}/sudo.log\n')
    made.program("bin/curl", "exit 99\n")
    made.program("bin/make", f'echo "$*" >>{tmp_path}/make.log\n')
    return made


def steps() -> list[str]:
    config = yaml.safe_load((PROJECT / ".circleci" / "config.yml").read_text(encoding="utf-8"))
    return [step["run"]["command"] for step in config["jobs"]["check"]["steps"] if "run" in step]


def test_the_job_prepares_and_then_checks() -> None:
    assert steps() == [".ci/prepare", "make check"]
    assert os.access(PROJECT / ".ci" / "prepare", os.X_OK)


def test_without_terraform_it_is_fetched(image: Image) -> None:
    assert image.step("terraform version").returncode == 127
    assert image.step(steps()[0]).returncode == 99  # curl's own


def test_the_next_step_finds_terraform_and_the_servers_are_installed(image: Image) -> None:
    image.program(".local/bin/terraform", 'echo "Terraform v1.11.4"\n')
    image.program("bin/make", f'echo "$*" >>{image.home}/make.log\n')
    done = image.step(steps()[0])
    assert done.returncode == 0, done.stderr
    assert image.step("terraform version").stdout == "Terraform v1.11.4\n"
    installed = [package for line in image.as_root() if " install " in line for package in line.split()]
    assert {"postgresql-16", "mariadb-server"} <= set(installed)
    assert (image.home / "make.log").read_text() == "setup browser\n"


def test_postgresql_is_one_that_the_catalog_offers() -> None:
    catalog = parse((PROJECT / "catalog.yaml").read_text(encoding="utf-8"))
    script = (PROJECT / ".ci" / "prepare").read_text(encoding="utf-8")
    (version,) = (line.partition("=")[2] for line in script.splitlines() if line.startswith("postgresql="))
    assert version in catalog.engines["postgres"].versions
