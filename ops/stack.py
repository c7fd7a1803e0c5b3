"""The deployed stack, as CloudFormation describes it, and clients in the region that it is in."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
from provisioner.core.errors import TryLater

STACK: Final = "rds-provisioner"


class Refused(Exception):
    """What was asked for cannot be done; the text says what to do instead."""


class Stopped(Exception):
    """A command ends before it is done; the text says why, and how to go on."""


def resumable(run: Callable[[], int]) -> int:
    """The exit status of a command that goes on where it ended: its own, 1 when stopped, 2 when refused."""
    try:
        return run()
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return 1
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    except (BotoCoreError, ClientError, TryLater) as error:
        print(f"It broke off: {error}. Run it again, it goes on from here.", file=sys.stderr)
        return 2


def client(service: str) -> Any:
    """A client in the region of AWS_REGION, as the AWS CLI, SAM and Terraform read it; boto3 does not.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    """
    try:
        return boto3.client(service, region_name=os.environ.get("AWS_REGION") or None)  # type: ignore[call-overload]
    except NoRegionError as error:
        raise Refused("Set AWS_REGION to the region that the stack is in.") from error


@dataclass(frozen=True, slots=True)
class Stack:
    """What the stack says of itself."""

    name: str
    outputs: dict[str, str]
    parameters: dict[str, str]

    @classmethod
    def find(cls, name: str) -> "Stack":
        """The stack of this name in this account and region."""
        try:
            found = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            raise Refused(f"There is no stack {name!r} in this account and region; see --stack.") from error
        return cls(
            name,
            {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])},
            {given["ParameterKey"]: given.get("ParameterValue", "") for given in found.get("Parameters", [])},
        )

    def output(self, name: str) -> str:
        """One output; raises Refused where this product's stack has none of this name."""
        if name not in self.outputs:
            raise Refused(f"The stack {self.name!r} has no output {name}; is it this product's?")
        return self.outputs[name]
