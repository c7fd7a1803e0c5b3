"""A warm `terraform init` against the time to hash the provider, which its checksum costs.

Processor time of both, in turn. Terraform hashes what it links twice: once to check it against the lock file,
once to record what it linked; a plugin cache costs a third time. Neither can be left out without leaving the
check out too.
"""

import hashlib
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.emulator import Took, terraform, write
from bench.figures import Figure
from sandbox.state_directory import CACHE
from sandbox.terraform_mirror import AWS, cli_config

PART = "Providers"
MOST = 1.5
WHY = "Terraform hashes what it links twice: against the lock file, and for what it records of it"
TWICE = "Terraform itself hashes what it links twice, and has no option that leaves one of them out"


def measure(full: bool) -> Iterator[Figure]:
    """Inits from a mirror, as the pipeline's, and from a plugin cache."""
    mirror = {"TF_CLI_CONFIG_FILE": str(cli_config(CACHE / "terraform"))}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        directory = Path(name)
        write(directory / "root", {})
        cached = directory / "cache.rc"
        (directory / "cache").mkdir()
        known = Path(mirror["TF_CLI_CONFIG_FILE"]).read_text(encoding="utf-8")
        cached.write_text(f'plugin_cache_dir = "{directory / "cache"}"\n{known}', encoding="utf-8")
        kinds = {"a mirror": mirror, "a plugin cache": {"TF_CLI_CONFIG_FILE": str(cached)}}
        for environment in kinds.values():
            _init(directory / "root", environment)
        (linked,) = (directory / "root" / ".terraform").glob(f"providers/{AWS}/*/*/terraform-provider-aws*")
        binary = linked.resolve()  # the link goes with each root
        size = f"{binary.stat().st_size / 1e6:.0f} MB"
        hashed: list[float] = []
        taken: dict[str, list[Took]] = {kind: [] for kind in kinds}
        for _ in range(9 if full else 5):
            hashed.append(_hash(binary))
            for kind, environment in kinds.items():
                taken[kind].append(_init(directory / "root", environment))
    floor = statistics.median(hashed)
    yield Figure(PART, "SHA-256 of the provider", floor, "s", note=f"processor time, {size}")
    for kind, found in taken.items():
        middle = statistics.median(took.processor for took in found)
        clock = statistics.median(took.clock for took in found)
        bound = MOST if kind == "a mirror" else None
        note = f"{clock:.2g} s on the clock"
        yield Figure(
            PART,
            f"warm terraform init from {kind}",
            middle,
            "s",
            middle / floor,
            "the hash",
            bound,
            note,
            WHY,
        )


def _hash(binary: Path) -> float:
    began = time.process_time()
    with binary.open("rb") as file:
        hashlib.file_digest(file, "sha256")
    return time.process_time() - began


def _init(root: Path, environment: dict[str, str]) -> Took:
    """An init in a root that was never initialised, as the pipeline's are."""
    shutil.rmtree(root / ".terraform", ignore_errors=True)
    return terraform(root, environment, "init", "-input=false", "-lockfile=readonly")
