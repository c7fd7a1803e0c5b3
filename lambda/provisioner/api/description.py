"""The API's own description, as it serves it."""

import functools
from pathlib import Path
from typing import Any, Final

import yaml

VERSION: Final = "1.1"
_FILE: Final = Path(__file__).with_name("openapi.yaml")


@functools.cache
def openapi(public_url: str) -> dict[str, Any]:
    """The OpenAPI document; `public_url` is where the API is, or empty: each call's own address."""
    content: dict[str, Any] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    if public_url:
        content["servers"] = [{"url": public_url}]
    return content
