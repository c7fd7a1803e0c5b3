"""How much the tests try that try many: all of it where `make check-all` calls them, else a part."""

import os

THOROUGH = "THOROUGH" in os.environ


def tries(whole: int, part: int) -> int:
    """`whole` for `make check-all`, `part` for `make test`."""
    return whole if THOROUGH else part
