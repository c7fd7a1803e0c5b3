"""Find the AWS provider on this machine, so that `terraform init` needs no download where it can be spared.

`python -m sandbox.terraform_mirror [directory]` writes the CLI configuration and prints its path, for use
as TF_CLI_CONFIG_FILE. See https://developer.hashicorp.com/terraform/cli/config/config-file.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

REGISTRY: Final = "registry.terraform.io"
AWS: Final = f"{REGISTRY}/hashicorp/aws"
VARIABLE: Final = "TF_PROVIDER_MIRROR"


def candidates(environ: Mapping[str, str], home: Path, root: Path) -> Iterator[Path]:
    """Directories that may hold a mirror, best first: the variable, Terraform's own places, then /opt."""
    if named := environ.get(VARIABLE):
        yield Path(named)
    yield home / ".terraform.d" / "plugins"
    yield root / "usr" / "share" / "terraform" / "plugins"
    yield root / "usr" / "local" / "share" / "terraform" / "plugins"
    opt = root / "opt"
    if opt.is_dir():
        yield from sorted(directory for directory in opt.iterdir() if (directory / REGISTRY).is_dir())


def find(environ: Mapping[str, str], home: Path, root: Path = Path("/")) -> Path | None:
    """The first directory that holds the AWS provider, or None: then Terraform asks the registry.

    Raises FileNotFoundError when the variable names a directory without it: a mirror that someone asked for
    and that is silently left out would be looked for in the wrong place.
    """
    for directory in candidates(environ, home, root):
        if (directory / AWS).is_dir():
            return directory
        if environ.get(VARIABLE) == str(directory):
            raise FileNotFoundError(
                f"{VARIABLE}={directory} holds no {AWS}; unset it or point it at a mirror"
            )
    return None


def render(mirror: Path | None, plugin_cache: Path) -> str:
    """The CLI configuration's text: roots link to the mirror, or share one download in the cache."""
    if mirror:
        lines = [
            "provider_installation {",
            "  filesystem_mirror {",
            f'    path    = "{mirror}"',
            f'    include = ["{REGISTRY}/*/*"]',
            "  }",
            "}",
        ]
    else:
        lines = [f'plugin_cache_dir = "{plugin_cache}"']
    return "\n".join(["disable_checkpoint = true", *lines]) + "\n"


def cli_config(directory: Path) -> Path:
    """Write the CLI configuration and its plugin cache below `directory`; the configuration's path."""
    plugin_cache = directory.resolve() / "plugin-cache"
    plugin_cache.mkdir(parents=True, exist_ok=True)
    path = directory.resolve() / "terraform.rc"
    path.write_text(render(find(os.environ, Path.home()), plugin_cache))
    return path


if __name__ == "__main__":
    print(cli_config(Path(sys.argv[1] if len(sys.argv) > 1 else ".cache/terraform")))
