"""What the state bucket says of a database: Terraform's own outputs, and the pipeline's markers."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from provisioner.core.hcl import content_hash, renderings
from provisioner.core.names import Place
from provisioner.core.root import Root


@dataclass(frozen=True, slots=True)
class Applied:
    """What the pipeline wrote down when it had applied a root."""

    at: dt.datetime
    pipeline_url: str
    commit: str


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
        keys = (f"applied/{root.place}/{content_hash(text)}.json" for text in renderings(root))
        marker = next((found for key in keys if (found := self._json(key)) is not None), None)
        if marker is None:
            return None
        return Applied(dt.datetime.fromisoformat(marker["at"]), marker["pipeline_url"], marker["commit"])

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
