"""Where the emulated AWS is, and what a program needs to call it and no other."""

import os
from dataclasses import dataclass
from typing import Any

import boto3

from sandbox.state_directory import CACHE
from sandbox.terraform_mirror import cli_config

REGION = "eu-central-1"
# MiniStack takes any credentials; these open nothing anywhere else.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True, slots=True)
class Cloud:
    """The emulated AWS, by its port."""

    port: int

    @property
    def endpoint(self) -> str:
        # With an address instead of a name, every SDK puts S3's bucket into the path.
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """What a program needs to find it."""
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def environment(self) -> dict[str, str]:
        """This process's environment, pointed at the emulated AWS and at no other."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **inherited,
            **self.variables,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "TF_CLI_CONFIG_FILE": str(cli_config(CACHE / "terraform")),
            # uv, which `sam build` and the pipeline's steps call, is among the project's own tools.
            "PATH": os.pathsep.join([str(CACHE / "tools" / "bin"), inherited.get("PATH", os.defpath)]),
            "UV_CACHE_DIR": inherited.get("UV_CACHE_DIR", str(CACHE / "uv")),
        }

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
