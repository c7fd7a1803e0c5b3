"""Answers held against the API's own description, and against the one that callers of before know."""

from pathlib import Path
from typing import Any

import jsonschema
import yaml
from provisioner.handlers import api

from tests.compatibility import samples
from tests.handlers.api_client import Answer

OPENAPI = yaml.safe_load((Path(api.__file__).parents[1] / "api" / "openapi.yaml").read_text())
BEFORE = yaml.safe_load(samples.text("openapi.yaml"))
# The only new value of an answer: see tests/compatibility/test_api.py.
BEFORE["components"]["schemas"]["Kind"] = OPENAPI["components"]["schemas"]["Kind"]


def assert_described(answer: Answer, path: str, method: str) -> None:
    """The answer's body is what the descriptions say for this status."""
    _validate(OPENAPI, OPENAPI["paths"][path][method]["responses"][str(answer.status)], answer)
    known = BEFORE["paths"].get(path, {}).get(method, {"responses": {}})["responses"]
    if str(answer.status) in known:
        _validate(BEFORE, known[str(answer.status)], answer)


def _validate(spec: Any, response: Any, answer: Answer) -> None:
    if "$ref" in response:
        response = spec["components"]["responses"][response["$ref"].rpartition("/")[2]]
    media = answer.headers["content-type"]
    schema = {**response["content"][media]["schema"], "components": spec["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json)
