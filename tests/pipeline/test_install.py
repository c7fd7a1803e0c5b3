"""Terraform is installed where it is missing, and only when HashiCorp has signed it."""

import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "pipeline" / "install_terraform"
# Gives out what lies in $RELEASES, whatever host the address names.
CURL = """#!/bin/bash
while [ $# -gt 0 ]; do case "$1" in --output) shift; target=$1 ;; https://*) url=$1 ;; esac; shift; done
cp "$RELEASES/$(basename "$url")" "$target"
"""


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def install(tmp_path: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "HOME": str(tmp_path / "home"),
        "RELEASES": str(tmp_path / "releases"),
    }
    return subprocess.run(["bash", str(SCRIPT)], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("version", ["1.10.0", "1.11.4", "1.14.1"])
def test_a_terraform_that_the_roots_accept_is_left_alone(tmp_path: Path, version: str) -> None:
    program(tmp_path / "bin" / "terraform", f'#!/bin/bash\necho "Terraform v{version}"\n')
    program(tmp_path / "bin" / "curl", "#!/bin/bash\nexit 99\n")
    assert install(tmp_path).returncode == 0


@pytest.mark.parametrize("version", ["1.9.8", "1.1.4", "0.15.0"])
def test_an_older_one_is_not(tmp_path: Path, version: str) -> None:
    program(tmp_path / "bin" / "terraform", f'#!/bin/bash\necho "Terraform v{version}"\n')
    program(tmp_path / "bin" / "curl", "#!/bin/bash\nexit 99\n")
    assert install(tmp_path).returncode == 99


@pytest.mark.skipif(not os.path.exists("/usr/bin/gpg"), reason="needs gpg")
def test_an_archive_that_someone_else_signed_is_not_installed(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "curl", CURL)
    program(tmp_path / "bin" / "uname", "#!/bin/bash\necho x86_64\n")
    releases, keys = tmp_path / "releases", tmp_path / "keys"
    releases.mkdir()
    keys.mkdir(mode=0o700)
    version = SCRIPT.read_text().split("\nversion=")[1].split("\n")[0]
    archive = releases / f"terraform_{version}_linux_amd64.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("terraform", "#!/bin/bash\necho mine\n")
    sums = releases / f"terraform_{version}_SHA256SUMS"
    sums.write_text(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n")

    def gpg(*arguments: str) -> str:
        command = ["gpg", "--homedir", str(keys), "--batch", "--quiet", "--passphrase", "", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    gpg("--quick-generate-key", "security@example.com", "ed25519", "sign")
    gpg("--detach-sign", "--output", f"{sums}.sig", str(sums))
    (releases / "pgp-key.txt").write_text(gpg("--armor", "--export"))
    done = install(tmp_path)
    assert done.returncode == 1
    assert "not signed by HashiCorp's key" in done.stderr
    assert not (tmp_path / "home" / ".local" / "bin" / "terraform").exists()
