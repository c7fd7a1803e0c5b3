"""Lets the next apply fail with AWS's own words, so that someone sees a failure and its retry.

Each switch holds for one refused call; the next try finds it off.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sandbox.aws.rds_rules.call import MAKES_INSTANCE, MODIFY, MODIFY_GROUP, Call, Refusal


@dataclass(frozen=True, slots=True)
class Switch:
    """What fails once: which calls, with which answer of RDS's."""

    actions: tuple[str, ...]
    code: str
    message: str
    status: int = 400


# Code, status and words of the first: InsufficientDBInstanceCapacity in
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html; of the second: those of
# rds_rules.parameters.value_is_allowed.
SWITCHES: Final[Mapping[str, Switch]] = {
    "capacity": Switch(
        (*MAKES_INSTANCE, MODIFY),
        "InsufficientDBInstanceCapacity",
        "The specified DB instance class isn't available in the specified Availability Zone.",
    ),
    "parameter": Switch(
        (MODIFY_GROUP, *MAKES_INSTANCE, MODIFY),
        "InvalidParameterValue",
        "Invalid parameter value: 2 for: {parameter} allowed values are: 0,1",
    ),
}


class Failing:
    """The switches that are on."""

    def __init__(self) -> None:
        self._on: list[str] = []

    def switch_on(self, name: str) -> None:
        """Let the next call that it is about fail; raises KeyError for another name."""
        SWITCHES[name]
        self._on.append(name)

    def refusal(self, call: Call) -> Refusal | None:
        """RDS's answer to a call that a switch lets fail, which is off from then on."""
        for name in self._on:
            switch = SWITCHES[name]
            if call.action in switch.actions:
                self._on.remove(name)
                words = switch.message.format(parameter=_parameter(call))
                return Refusal(switch.code, words, switch.status)
        return None


def _parameter(call: Call) -> str:
    """The first parameter that a call sets."""
    given = call.given.get("Parameters") or [{}]
    return str(given[0].get("ParameterName", "rds.force_ssl"))
