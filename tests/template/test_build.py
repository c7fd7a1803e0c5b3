"""What `sam build` makes, for a Python and a processor that this machine need not have."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.stack import PROJECT
from tests.template.test_valid import BIN

REQUIREMENTS = PROJECT / "lambda" / "requirements.txt"
TOOLS = PROJECT / ".cache" / "tools" / "bin"
PATH = os.pathsep.join([str(TOOLS), os.environ["PATH"]])
needs_uv = pytest.mark.skipif(not shutil.which("uv", path=PATH), reason="uv is not installed; run make setup")


@pytest.fixture
def environment() -> dict[str, str]:
    cache = os.environ.get("UV_CACHE_DIR", str(PROJECT / ".cache" / "uv"))
    return {**os.environ, "PATH": PATH, "UV_CACHE_DIR": cache, "SAM_CLI_TELEMETRY": "0"}


@needs_uv
@pytest.mark.parametrize(
    ("runtime", "architecture", "suffix"),
    [("python3.13", "arm64", "cpython-313-aarch64"), ("python3.12", "x86_64", "cpython-312-x86_64")],
)
def test_a_build_gathers_wheels_for_its_parameters(
    tmp_path: Path, environment: dict[str, str], runtime: str, architecture: str, suffix: str
) -> None:
    command = [str(BIN / "sam"), "build", "--build-dir", str(tmp_path / "built")]
    if (runtime, architecture) != ("python3.13", "arm64"):  # the defaults
        command += ["--parameter-overrides", f"Runtime={runtime}", f"Architecture={architecture}"]
    built = subprocess.run(
        command, cwd=PROJECT / "sam", env=environment, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    (package,) = [path for path in (tmp_path / "built").iterdir() if path.is_dir()]
    compiled = [path.name for path in package.rglob("*.so") if "abi3" not in path.name]
    assert compiled
    assert all(suffix in name for name in compiled)
    assert {path.suffix for path in package.rglob("*") if path.is_file()}.isdisjoint({".pyc", ".pem", ".key"})
    ours = {path.name for path in package.iterdir() if (PROJECT / "lambda" / path.name).exists()}
    assert ours == {"provisioner", "catalog.yaml", "prices.json", "console", "requirements.txt"}
    assert (package / "catalog.yaml").read_bytes() == (PROJECT / "catalog.yaml").read_bytes()
    assert (package / "prices.json").read_bytes() == (PROJECT / "prices.json").read_bytes()
    assert (package / "provisioner" / "api" / "openapi.yaml").is_file()
    page = "console/index.html"
    assert (package / page).read_bytes() == (PROJECT / page).read_bytes()
    assert not (package / "boto3").exists()  # the runtime brings it


@needs_uv
def test_requirements_are_what_the_lock_says(environment: dict[str, str]) -> None:
    command = ["uv", "export", "--frozen", "--no-default-groups", "--no-emit-project", "--no-annotate"]
    exported = subprocess.run(
        [*command, "--no-header"],
        cwd=PROJECT,
        env={**environment, "UV_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = REQUIREMENTS.read_text().splitlines(keepends=True)
    assert "".join(lines[3:]) == exported
    assert "".join(lines[1:3]) == f"# {' '.join(command)} --no-header\n--only-binary :all:\n"


def test_every_requirement_is_pinned_and_hashed() -> None:
    blocks = REQUIREMENTS.read_text().replace("\\\n", " ").splitlines()[3:]
    assert blocks
    for block in blocks:
        assert "==" in block.split("--hash")[0]
        assert "--hash=sha256:" in block
