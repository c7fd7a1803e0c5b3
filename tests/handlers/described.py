"""Answers held against the API's own description."""

from pathlib import Path

import jsonschema
import yaml
from provisioner.handlers import api

from tests.handlers.api_client import Answer

OPENAPI = yaml.safe_load((Path(api.__file__).parents[1] / "api" / "openapi.yaml").read_text())


def assert_described(answer: Answer, path: str, method: str) -> None:
    """The answer's body is what the OpenAPI description says for this status."""
    response = OPENAPI["paths"][path][method]["responses"][str(answer.status)]
    if "$ref" in response:
        response = OPENAPI["components"]["responses"][response["$ref"].rpartition("/")[2]]
    media = answer.headers["content-type"]
    schema = {**response["content"][media]["schema"], "components": OPENAPI["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.json)
