"""① Reads logs from the state bucket; it knows nothing of whose they are."""

from collections.abc import Iterator
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.api.logs import LONGEST, NotReadable, Stored
from provisioner.core.errors import TryLater

_DENIED: Final = {"AccessDenied", "403"}
_MISSING: Final = {"NoSuchBucket", "NoSuchKey", "404"}
_MOST: Final = 1000  # of one request and step; S3 lists as many at once


class LogStore:
    """The bucket's logs; `client` is botocore's for S3, "" no bucket."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def list(self, prefix: str) -> Iterator[Stored]:
        """The objects below a prefix; raises NotReadable, or TryLater."""
        if not self._bucket:
            raise NotReadable("the stack was deployed without StateBucket")
        try:
            answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, MaxKeys=_MOST)
        except (ClientError, BotoCoreError) as error:
            raise _explained(error) from error
        for item in answer.get("Contents", []):
            yield Stored(str(item["Key"]), item["LastModified"], int(item["Size"]), str(item["ETag"]))

    def read(self, key: str, offset: int) -> bytes:
        """At most LONGEST bytes of an object from an offset; raises NotReadable, or TryLater."""
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes={offset}-{offset + LONGEST - 1}"
            )
        except (ClientError, BotoCoreError) as error:
            raise _explained(error) from error
        return bytes(answer["Body"].read(LONGEST))


def _explained(error: ClientError | BotoCoreError) -> Exception:
    if isinstance(error, BotoCoreError):  # no answer
        return TryLater("reading the log", str(error))
    code = str(error.response["Error"]["Code"])
    if code in _DENIED:
        return NotReadable("the function may not read logs/ in the state bucket")
    if code in _MISSING:
        return NotReadable("the state bucket is not there")
    return TryLater("reading the log", str(error))
