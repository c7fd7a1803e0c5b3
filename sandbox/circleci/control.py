"""What a test or a demo does to CircleCI's machines."""

import json
import urllib.request


def kill_job(circleci: str, address: str) -> int:
    """Let the job of this address die without a word, as its machine would; how many processes ended."""
    number = address.rstrip("/").rpartition("/")[2]
    request = urllib.request.Request(f"{circleci}/_sandbox/jobs/{number}/kill", data=b"{}", method="POST")
    with urllib.request.urlopen(request, timeout=10) as response:
        killed = int(json.load(response)["killed"])
    if not killed:
        raise LookupError(f"no job runs at {address}")
    return killed
