"""An answer that is an error, as GitHub writes it."""

from typing import Any


class Refused(Exception):
    """A call that GitHub refuses."""

    def __init__(self, status: int, message: str, errors: list[Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, object] = {
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(status),
        }
        if errors:
            self.body["errors"] = errors


def invalid(resource: str, **error: str) -> Refused:
    """422 as GitHub answers for a field or a state that it does not take."""
    return Refused(422, "Validation Failed", [{"resource": resource, **error}])


NOT_FOUND = (404, "Not Found")
