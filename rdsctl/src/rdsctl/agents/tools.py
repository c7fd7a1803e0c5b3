"""The tools: what an agent may read, and what it may ask for. Each has the rights of the key.

A database's answer holds the names and ARNs of its secrets, and no tool reads one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Literal

from rdsctl.agents.trials import Trials, Write
from rdsctl.client import Client, path
from rdsctl.failures import Exit, Failure
from rdsctl.places import Place, find_request, parse
from rdsctl.suggestions import choose

MOST: Final = 200
DatabaseState = Literal["pending", "available", "updating", "removing", "removed", "failed"]
RequestState = Literal[
    "requested", "pull_request_open", "merged", "applying", "done", "rejected", "failed", "cancelled"
]


@dataclass(frozen=True)
class Tools:
    """The functions that become tools; `environments` are those that they may look into, all where empty."""

    client: Callable[[str], Client]
    trials: Trials
    environments: tuple[str, ...] = ()

    def reading(self) -> list[Callable[..., dict[str, Any]]]:
        """Those that write nothing."""
        return [
            self.list_databases,
            self.get_database,
            self.list_requests,
            self.get_request,
            self.get_catalog,
            self.get_quota,
        ]

    def writing(self) -> list[Callable[..., dict[str, Any]]]:
        """Those that ask for a change."""
        return [
            self.create_database,
            self.change_database,
            self.remove_database,
            self.cancel_request,
            self.retry_request,
        ]

    def list_databases(
        self, environment: str = "", engine: str = "", state: DatabaseState | None = None
    ) -> dict[str, Any]:
        """List the team's databases: state, engine, size, monthly price, end. Removed ones only by state."""
        found = (
            item
            for item in self._items(
                "databases", environment=environment or None, database_engine=engine or None, state=state
            )
            if state or item["state"] != "removed"
        )
        return _listed("databases", found)

    def get_database(self, database: str) -> dict[str, Any]:
        """Show one database, ENVIRONMENT/NAME: endpoint, users, cost, end, idleness, its requests."""
        found: dict[str, Any] = self._api().get(self._place(database).path).document
        return found

    def list_requests(
        self, database: str = "", environment: str = "", state: RequestState | None = None
    ) -> dict[str, Any]:
        """List the team's requests, newest first: what was asked for, by whom, and how far it is."""
        place = self._place(database) if database else None
        found = self._items(
            "requests",
            environment=place.environment if place else environment or None,
            database_name=place.name if place else None,
            state=state,
        )
        return _listed("requests", found)

    def get_request(self, request: str) -> dict[str, Any]:
        """Show one request by its id or the first 8 digits: what it waits for, when it is ready, errors."""
        return self._request(request)

    def get_catalog(self) -> dict[str, Any]:
        """Show which engines, versions, sizes, storage and lifetimes each environment offers, with prices."""
        found: dict[str, Any] = self._api().get("/catalog").document
        return found

    def get_quota(self) -> dict[str, Any]:
        """Show what the team holds and may hold: databases, storage and USD a month by environment."""
        found: dict[str, Any] = self._api().get("/quota").document
        return found

    def create_database(
        self,
        database: str,
        engine: str,
        size: str = "",
        storage_gb: int | None = None,
        ttl: str = "",
        purpose: str = "",
        copy_of: str = "",
        confirmation: str = "",
    ) -> dict[str, Any]:
        """Ask for a database, ENVIRONMENT/NAME. The first call only shows what would happen.

        `engine` and `size` are of get_catalog; `ttl` is how long it lives (8h, 14d); `copy_of` names a
        database of the same environment whose data it gets. With the confirmation of that answer the same
        call opens the pull request.
        """
        place = self._place(database)
        body = _given(
            database_name=place.name,
            environment=place.environment,
            database_engine=engine,
            size=size,
            storage_gb=storage_gb,
            ttl=ttl,
            purpose=purpose,
            restore_from={"database": str(self._place(copy_of)), "point_in_time": "latest"}
            if copy_of
            else None,
        )
        return self.trials.write(Write("POST", "/provision-rds", body), confirmation)

    def change_database(
        self,
        database: str,
        size: str = "",
        storage_gb: int | None = None,
        ttl: str = "",
        owner: str = "",
        purpose: str = "",
        reason: str = "",
        confirmation: str = "",
    ) -> dict[str, Any]:
        """Change a database in place: size (restarts it), storage, end, owner, purpose.

        The first call only shows what would happen; with its confirmation the same call asks for it.
        """
        body = _given(size=size, storage_gb=storage_gb, ttl=ttl, owner=owner, purpose=purpose, reason=reason)
        return self.trials.write(Write("PATCH", self._place(database).path, body), confirmation)

    def remove_database(self, database: str, reason: str = "", confirmation: str = "") -> dict[str, Any]:
        """Remove a database with all its data.

        The first call only shows what would happen; with its confirmation the same call asks for it.
        """
        query = {"reason": reason or None}
        return self.trials.write(Write("DELETE", self._place(database).path, None, query), confirmation)

    def cancel_request(self, request: str, confirmation: str = "") -> dict[str, Any]:
        """Stop a request before its merge. The first call shows what would happen; confirm it to do so."""
        return self._move(request, "cancel", confirmation)

    def retry_request(self, request: str, confirmation: str = "") -> dict[str, Any]:
        """Try a failed request again. The first call shows what would happen; confirm it to do so."""
        return self._move(request, "retry", confirmation)

    def _move(self, request: str, verb: str, confirmation: str) -> dict[str, Any]:
        where = path("requests", self._request(request)["id"], verb)
        return self.trials.write(Write("POST", where), confirmation)

    def _request(self, text: str) -> dict[str, Any]:
        found = find_request(self._api(), text)
        self._allowed(str(found["environment"]))
        return found

    def _place(self, text: str) -> Place:
        place = parse(text)
        if place is None:
            raise Failure(
                f"{text!r} is no ENVIRONMENT/NAME: write it out, for example dev/orders.", Exit.USAGE
            )
        self._allowed(place.environment)
        return place

    def _items(self, name: str, **query: str | None) -> Iterable[dict[str, Any]]:
        if query.get("environment"):
            self._allowed(str(query["environment"]))
        for item in self._api().items(f"/{name}", name, **query):
            if not self.environments or item["environment"] in self.environments:
                yield item

    def _allowed(self, environment: str) -> None:
        if self.environments and environment not in self.environments:
            raise Failure(
                f"{environment} is outside of what this session may look into: {choose(self.environments)}.",
                Exit.REFUSED,
                hints=["whoever started `rdsctl mcp` chose that by --env"],
            )

    def _api(self) -> Client:
        return self.client("")


def _given(**body: Any) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value not in (None, "")}


def _listed(name: str, items: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The first MOST, and whether there are more: an agent's context is small."""
    found = list(islice(items, MOST + 1))
    return {name: found[:MOST], "more": len(found) > MOST}
