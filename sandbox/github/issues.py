"""Issues of the repository; a pull request has its number from the same count."""

from dataclasses import dataclass, field

from sandbox.github.pulls import now


@dataclass(slots=True)
class Issue:
    number: int
    title: str
    body: str
    login: str
    labels: list[str] = field(default_factory=list)
    state: str = "open"
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
