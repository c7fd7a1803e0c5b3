"""① The stack's API keys, for operators: whose they are and when they end, never their values."""

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from provisioner.core.errors import NeedsPerson, Problem
from provisioner.core.times import optional_instant
from provisioner.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class KeyList:
    """The keys of the usage plan that has the stack's name."""

    gateway: Any
    ledger: Ledger
    stack: str

    def document(self) -> list[dict[str, Any]]:
        """Every key, by name; one whose row was lost is shown without a team."""
        return sorted((self._key(each) for each in self._attached(self._plan())), key=lambda key: key["name"])

    def end(self, key_id: str, now: dt.datetime, by: str) -> dict[str, Any]:
        """End a key: the API refuses it within a minute, and a restored ledger does not know it either.

        Raises Problem (404) for one that this stack does not have.
        """
        plan = self._plan()
        found = next((each for each in self._attached(plan) if each["id"] == key_id), None)
        if found is None:
            raise Problem(404, "Not found", "There is no such key; see GET /admin/keys.", slug="not-found")
        self.ledger.all_teams.end_key(key_id, now, by)
        with suppress(self.gateway.exceptions.NotFoundException):  # ended twice at the same moment
            self.gateway.delete_usage_plan_key(usagePlanId=plan, keyId=key_id)
        return self._key(found)

    def _key(self, attached: dict[str, Any]) -> dict[str, Any]:
        key = self.ledger.api_key(attached["id"])
        return {
            "id": attached["id"],
            "name": attached["name"],
            "team": key.team if key else None,
            "actor": key.actor if key else None,
            "person": key.person if key else None,
            "scope": key.scope if key else None,
            "expires_at": optional_instant(key.expires_at if key else None),
        }

    def _attached(self, plan: str) -> Iterator[dict[str, Any]]:
        pages = self.gateway.get_paginator("get_usage_plan_keys").paginate(usagePlanId=plan)
        for page in pages:
            yield from page["items"]

    def _plan(self) -> str:
        for page in self.gateway.get_paginator("get_usage_plans").paginate():
            for plan in page["items"]:
                if plan["name"] == self.stack:
                    return str(plan["id"])
        raise NeedsPerson("reading keys", f"there is no usage plan {self.stack}", "deploy the template")
