"""What a running sandbox offers, as its state file says."""

from dataclasses import dataclass
from typing import Any

from sandbox.client import Client
from sandbox.cloud import Cloud


@dataclass(frozen=True, slots=True)
class Running:
    """A running sandbox, seen by two teams."""

    state: dict[str, Any]

    @property
    def alpha(self) -> Client:
        return Client(self.state["api_url"], self.state["api_key"])

    @property
    def beta(self) -> Client:
        return Client(self.state["api_url"], self.state["other_api_key"])

    @property
    def cloud(self) -> Cloud:
        return Cloud(self.state["ports"]["aws"])

    @property
    def github(self) -> str:
        return str(self.state["github_url"])

    @property
    def circleci(self) -> str:
        return str(self.state["circleci_url"])
