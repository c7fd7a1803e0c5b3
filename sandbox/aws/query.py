"""Reads MiniStack's RDS query parameters and writes its answers."""

from collections.abc import Callable
from typing import Any

from ministack.services import rds

Parameters = dict[str, Any]
Instance = dict[str, Any]
Response = tuple[int, dict[str, str], bytes]
Action = Callable[[Parameters], Response]


def value(parameters: Parameters, name: str) -> str:
    return str(rds._p(parameters, name))


def yes(parameters: Parameters, name: str) -> bool:
    return value(parameters, name) == "true"


def members(parameters: Parameters, prefix: str) -> list[str]:
    return list(rds._parse_member_list(parameters, prefix))


def answer(action: str, instance: Instance) -> Response:
    response: Response = rds._single_instance_response(f"{action}Response", f"{action}Result", instance)
    return response


def error(code: str, message: str, status: int) -> Response:
    response: Response = rds._error(code, message, status)
    return response
