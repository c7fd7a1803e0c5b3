"""What one run of the reaper did, for the log and the metrics."""

from dataclasses import dataclass, field

from provisioner.core.errors import NeedsPerson, TryLater


@dataclass(slots=True)
class Outcome:
    """Counts of what was done, and what went wrong; one thing's trouble does not keep the others waiting."""

    redriven: int = 0
    merged: int = 0
    failed: int = 0
    warned: int = 0
    expired: int = 0
    errors: list[str] = field(default_factory=list)
    unexpected: int = 0  # of the errors: what no rule foresees, and what therefore rings the alarm

    def trouble(self, what: str, error: Exception) -> None:
        """Keep an error for the log."""
        if isinstance(error, TryLater | NeedsPerson):
            self.errors.append(str(error))
        else:
            self.errors.append(f"{what}: {type(error).__name__}: {error}")
            self.unexpected += 1
