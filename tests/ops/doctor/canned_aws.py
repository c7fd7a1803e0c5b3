"""An AWS that answers as a test says: botocore's own clients check each call and answer by its model."""

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from unittest import mock

import boto3
from botocore.validate import validate_parameters

from tests.ledger.moto_table import FAKE_ACCOUNT

REGION = "eu-central-1"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of AWS."""

    code: str
    message: str = "refused"


Reply = Mapping[str, Any] | Refusal | Callable[[Mapping[str, Any]], Any]


@functools.cache
def _client(service: str) -> Any:
    with mock.patch.dict(os.environ, FAKE_ACCOUNT):
        return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


@dataclass
class CannedAws:
    """`replies` by call, such as iam.GetRole: an answer, an error, or what makes one of the parameters."""

    replies: dict[str, Reply]
    calls: list[str] = field(default_factory=list)

    def client(self, service: str) -> Any:
        made = _client(service)
        for event, handler in (("before-parameter-build", self._note), ("before-call", self._answer)):
            # One client for all tests, since it takes long to make; the same id is taken out again.
            made.meta.events.unregister(event, unique_id=f"canned {event}")
            made.meta.events.register_first(event, handler, unique_id=f"canned {event}")
        return made

    @staticmethod
    def _note(params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["asked"] = params

    def _answer(self, model: Any, context: Mapping[str, Any], **_: Any) -> tuple[Any, Any]:
        call = f"{model.service_model.service_name}.{model.name}"
        self.calls.append(call)
        if call not in self.replies:
            raise AssertionError(f"nobody said what {call} answers")
        reply = self.replies[call]
        if callable(reply):
            reply = reply(context["asked"])
        if isinstance(reply, Refusal):
            error = {"Code": reply.code, "Message": reply.message}
            return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {}}
        validate_parameters(reply, model.output_shape)
        return SimpleNamespace(status_code=200), {**reply, "ResponseMetadata": {}}
