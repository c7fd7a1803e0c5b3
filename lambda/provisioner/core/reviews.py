"""Reviews of a pull request: whose word counts, and for which commit."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Opinion(StrEnum):
    """What a review says, in GitHub's words."""

    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    DISMISSED = "DISMISSED"
    COMMENTED = "COMMENTED"
    PENDING = "PENDING"


_NO_OPINION: Final = (Opinion.COMMENTED, Opinion.PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One review; `login` is "" where the account was deleted, `commit` is what the reviewer looked at."""

    id: int
    login: str
    is_bot: bool
    opinion: Opinion
    commit: str
    at: dt.datetime


def opinions(reviews: Iterable[Review], *, without: Iterable[str] = ()) -> Mapping[str, Review]:
    """The newest review of each user that says something; bots, and the users in `without`, have no say.

    A dismissed review stands for none, and does not bring back what the same user said before.
    """
    left_out = {login.lower() for login in without}
    newest: dict[str, Review] = {}
    for review in sorted(reviews, key=lambda review: (review.at, review.id)):
        counts = review.login and not review.is_bot and review.login.lower() not in left_out
        if counts and review.opinion not in _NO_OPINION:
            newest[review.login] = review
    return newest


def approvals(known: Mapping[str, Review], commit: str, *, after: dt.datetime | None = None) -> list[Review]:
    """The approvals of this very commit, oldest first; with `after`, those alone that were given since."""
    found = [
        review
        for review in known.values()
        if review.opinion is Opinion.APPROVED
        and review.commit == commit
        and (after is None or review.at >= after)
    ]
    return sorted(found, key=lambda review: (review.at, review.id))


def objections(known: Mapping[str, Review]) -> list[Review]:
    """The requests for changes that stand: GitHub keeps them over new commits, until they are taken back."""
    found = [review for review in known.values() if review.opinion is Opinion.CHANGES_REQUESTED]
    return sorted(found, key=lambda review: (review.at, review.id))
