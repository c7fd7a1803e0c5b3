"""One mirror for all roots of a job, of what the lock file's checksums allow; with Terraform itself."""

import base64
import hashlib
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.providers import Providers
from pipeline.terraform_cli import Terraform, TerraformError

pytestmark = pytest.mark.skipif(shutil.which("terraform") is None, reason="Terraform is not installed")
PACKAGE = "example.com/acme/tiny/1.2.3/linux_amd64"
BINARY = "terraform-provider-tiny_v1.2.3"


def checksum(content: bytes) -> str:
    """Go's h1 of a directory with one file: https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash"""
    line = f"{hashlib.sha256(content).hexdigest()}  {BINARY}\n"
    return "h1:" + base64.b64encode(hashlib.sha256(line.encode()).digest()).decode()


def lock_file(directory: Path, content: bytes) -> Path:
    path = directory / "lock.hcl"
    path.write_text(
        'provider "example.com/acme/tiny" {\n  version     = "1.2.3"\n  constraints = "1.2.3"\n'
        f'  hashes = [\n    "{checksum(content)}",\n  ]\n}}\n'
    )
    return path


@pytest.fixture
def providers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Providers:
    """Terraform finds the provider in its own place in the home directory, which stands for the registry."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TF_CLI_CONFIG_FILE", raising=False)
    publish(tmp_path, b"the provider")
    return Providers(lock_file(tmp_path, b"the provider"), tmp_path / "home", in_directory)


def in_directory(directory: Path, configuration: Path) -> Terraform:
    return Terraform(directory, {}, configuration=configuration)


def publish(home: Path, content: bytes) -> Path:
    package = home / ".terraform.d" / "plugins" / PACKAGE
    package.mkdir(parents=True, exist_ok=True)
    (package / BINARY).write_bytes(content)
    (package / BINARY).chmod(0o755)
    return package


def root(directory: Path, lock: Path) -> Path:
    directory.mkdir()
    shutil.copy(lock, directory / ".terraform.lock.hcl")
    (directory / "main.tf").write_text(
        'terraform {\n  required_providers {\n    tiny = { source = "example.com/acme/tiny" }\n  }\n}\n'
    )
    return directory


def test_many_roots_link_one_copy_at_once(providers: Providers, tmp_path: Path) -> None:
    def init(number: int) -> Path:
        place = root(tmp_path / f"root{number}", providers.lock_file)
        in_directory(place, providers.configuration()).init()
        return (place / ".terraform" / "providers" / PACKAGE).resolve()

    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(init, range(6)))
    assert found == {(tmp_path / "home" / "providers" / PACKAGE).resolve()}


def test_what_a_cache_brought_is_used_where_its_checksum_is_the_lock_files(
    providers: Providers, tmp_path: Path
) -> None:
    cached = tmp_path / "home" / "providers" / PACKAGE
    shutil.copytree(publish(tmp_path, b"the provider"), cached)
    shutil.rmtree(tmp_path / ".terraform.d")
    providers.configuration()
    assert (cached / BINARY).read_bytes() == b"the provider"


def test_what_it_brought_besides_is_fetched_again(
    providers: Providers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cached = tmp_path / "home" / "providers" / PACKAGE
    shutil.copytree(publish(tmp_path, b"the provider"), cached)
    (cached / BINARY).write_bytes(b"poison")
    providers.configuration()
    assert (cached / BINARY).read_bytes() == b"the provider"
    assert "are not used, and fetched again: Error: Failed to install provider" in capsys.readouterr().out


def test_a_provider_of_another_checksum_is_refused_wherever_it_comes_from(
    providers: Providers, tmp_path: Path
) -> None:
    publish(tmp_path, b"poison")
    with pytest.raises(TerraformError, match="checksums"):
        providers.configuration()
    assert not (tmp_path / "home" / "providers").exists()


def test_a_root_gets_nothing_from_elsewhere(providers: Providers, tmp_path: Path) -> None:
    configuration = providers.configuration()
    shutil.rmtree(tmp_path / "home" / "providers")
    with pytest.raises(TerraformError, match="tiny"):
        in_directory(root(tmp_path / "root", providers.lock_file), configuration).init()
