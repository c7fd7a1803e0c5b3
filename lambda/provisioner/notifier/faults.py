"""⑦ Why a message did not go out, beyond core/errors.py."""

from provisioner.core.errors import TryLater


class Unclear(TryLater):
    """Nobody can say whether it went out: the answer is missing. So it is tried once more, and no oftener."""
