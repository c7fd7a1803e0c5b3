"""What the state bucket says of a database: Terraform's own outputs, and the pipeline's markers."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from provisioner.core.hcl import FORMATS, content_hash, render
from provisioner.core.names import Place
from provisioner.core.root import Root


@dataclass(frozen=True, slots=True)
class Applied:
    """What the pipeline wrote down when it had applied a root."""

    at: dt.datetime
    pipeline_url: str
    commit: str
    root_format: int = 1
    module: str = ""  # the hash of the module; the first releases kept none


@dataclass(frozen=True, slots=True)
class States:
    """The state bucket; `bucket` empty: nobody asks it."""

    s3: Any
    bucket: str

    def outputs(self, place: Place) -> dict[str, Any] | None:
        """The module's outputs in the database's state; None where there is no state, or nothing in it."""
        content = self._json(place.state_key) or {}
        value = content.get("outputs", {}).get("database", {}).get("value")
        return dict(value) if value else None

    def applied(self, root: Root) -> Applied | None:
        """When exactly this root was applied, and by which pipeline; None where it was not."""
        for number in reversed(FORMATS):
            marker = self._json(f"applied/{root.place}/{content_hash(render(root, number))}.json")
            if marker is not None:
                return Applied(
                    dt.datetime.fromisoformat(marker["at"]),
                    marker["pipeline_url"],
                    marker["commit"],
                    number,
                    marker.get("module", ""),
                )
        return None

    def marked(self) -> dict[Place, set[str]]:
        """The names of every database's markers: the hashes of what was applied, and `attempted`."""
        found: dict[Place, set[str]] = {}
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="applied/")
        for page in pages:
            for stored in page.get("Contents", []):
                _, environment, name, file = str(stored["Key"]).split("/")
                found.setdefault(Place(environment, name), set()).add(file.removesuffix(".json"))
        return found

    def _json(self, key: str) -> dict[str, Any] | None:
        if not self.bucket:
            return None
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise
            return None
        return dict(json.loads(body))
