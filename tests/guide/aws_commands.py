"""Checks a command of the AWS CLI by botocore's model of the service, without calling it."""

import functools
import re
from collections.abc import Sequence
from typing import Any, Final

import botocore.session
from botocore import xform_name

# https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html
GLOBAL: Final = frozenset({"query", "output", "region", "endpoint-url", "profile", "no-cli-pager"})

# Options that the CLI calls otherwise than the API: awscli/customizations/argrename.py
# What the CLI does without an API: its customizations of these names.
OWN: Final = frozenset({("sso", "login"), ("configure", "sso"), ("configure", "list")})
RENAMED: Final = {("sns", "subscribe", "notification-endpoint"): "endpoint"}


@functools.cache
def _model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


def problems(words: Sequence[str]) -> list[str]:
    """What the AWS CLI would refuse in `aws SERVICE OPERATION --option value …`."""
    _, service, operation, *rest = words
    if (service, operation) in OWN:
        return []
    try:
        model = _model(service)
    except botocore.exceptions.UnknownServiceError:
        return [f"there is no service {service}"]
    if operation == "wait":
        waiters = botocore.session.get_session().get_waiter_model(service)
        known = {xform_name(name, "-"): waiters.get_waiter(name).operation for name in waiters.waiter_names}
        operation, *rest = rest
        if operation not in known:
            return [f"{service} cannot wait for {operation}"]
        name = known[operation]
    else:
        by_name = {xform_name(each, "-"): each for each in model.operation_names}
        if operation not in by_name:
            return [f"{service} has no operation {operation}"]
        name = by_name[operation]
    shape = model.operation_model(name).input_shape
    members = {xform_name(member, "-"): member for member in (shape.members if shape else {})}
    given, found = set(), []
    for option in (word.removeprefix("--") for word in rest if word.startswith("--")):
        option = RENAMED.get((service, operation, option), option)  # noqa: PLW2901
        plain = option if option in members else re.sub(r"^no-", "", option)
        if plain in members:
            given.add(members[plain])
        elif option not in GLOBAL:
            found.append(f"{service} {operation} has no option --{option}")
    missing = set(shape.required_members if shape else []) - given
    return found + [f"{service} {operation} lacks --{xform_name(name, '-')}" for name in sorted(missing)]
