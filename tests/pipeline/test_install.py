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


def install(tmp_path: Path, script: Path = SCRIPT) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin",
        "HOME": str(tmp_path / "home"),
        "RELEASES": str(tmp_path / "releases"),
    }
    return subprocess.run(["bash", str(script)], env=environment, capture_output=True, text=True, check=False)


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


def signed_release(tmp_path: Path, script: str) -> str:
    """A release that a key made here has signed; the key's fingerprint. Nothing gives the key out yet."""
    program(tmp_path / "bin" / "curl", CURL)
    program(tmp_path / "bin" / "uname", "#!/bin/bash\necho x86_64\n")
    releases, keys = tmp_path / "releases", tmp_path / "keys"
    releases.mkdir()
    keys.mkdir(mode=0o700)
    version = script.split("\nversion=")[1].partition("\n")[0]
    archive = releases / f"terraform_{version}_linux_amd64.zip"
    with zipfile.ZipFile(archive, "w") as file:
        executable = zipfile.ZipInfo("terraform")
        executable.external_attr = 0o755 << 16
        file.writestr(executable, "#!/bin/bash\necho mine\n")
    sums = releases / f"terraform_{version}_SHA256SUMS"
    sums.write_text(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n")
    gpg(tmp_path, "--quick-generate-key", "security@example.com", "ed25519", "sign")
    gpg(tmp_path, "--detach-sign", "--output", f"{sums}.sig", str(sums))
    listed = gpg(tmp_path, "--with-colons", "--list-keys")
    return next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))


def gpg(tmp_path: Path, *arguments: str) -> str:
    command = ["gpg", "--homedir", str(tmp_path / "keys"), "--batch", "--quiet", "--passphrase", ""]
    return subprocess.run([*command, *arguments], check=True, capture_output=True, text=True).stdout


@pytest.mark.skipif(not os.path.exists("/usr/bin/gpg"), reason="needs gpg")
@pytest.mark.parametrize("page", ["the key", "another key", "nothing"])
def test_the_key_is_taken_from_wherever_its_fingerprint_is_found(tmp_path: Path, page: str) -> None:
    script = SCRIPT.read_text()
    fingerprint = signed_release(tmp_path, script)
    ours = tmp_path / "install_terraform"
    ours.write_text(script.replace("C874011F0AB405110D02105534365D9472D7468F", fingerprint))
    releases, key = tmp_path / "releases", gpg(tmp_path, "--armor", "--export")
    if page == "another key":
        gpg(tmp_path, "--quick-generate-key", "new@example.com", "ed25519", "sign")
        (releases / "pgp-key.txt").write_text(gpg(tmp_path, "--armor", "--export", "new@example.com"))
    elif page == "the key":
        (releases / "pgp-key.txt").write_text(key)
    if page != "the key":
        (releases / fingerprint).write_text(key)

    done = install(tmp_path, ours)

    assert done.returncode == 0, done.stderr
    assert done.stdout == "mine\n"


@pytest.mark.skipif(not os.path.exists("/usr/bin/gpg"), reason="needs gpg")
def test_an_archive_that_someone_else_signed_is_not_installed(tmp_path: Path) -> None:
    signed_release(tmp_path, SCRIPT.read_text())
    (tmp_path / "releases" / "pgp-key.txt").write_text(gpg(tmp_path, "--armor", "--export"))
    done = install(tmp_path)
    assert done.returncode == 1
    assert "not signed by HashiCorp's key" in done.stderr
    assert not (tmp_path / "home" / ".local" / "bin" / "terraform").exists()
