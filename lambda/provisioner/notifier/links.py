"""⑦ Where a message leads: pages of the console, which ask for a key, and preview what they change."""

from dataclasses import dataclass
from urllib.parse import quote

from provisioner.core.names import Place
from provisioner.notifier.message import Link


@dataclass(frozen=True, slots=True)
class Console:
    """The console below the API's address; no links where the stack serves none."""

    base: str
    served: bool

    def request(self, request_id: str, label: str) -> tuple[Link, ...]:
        """To a request's page."""
        return self._page(f"/requests/{quote(request_id, safe='')}", label)

    def database(self, place: Place, label: str, *, do: str = "") -> tuple[Link, ...]:
        """To a database's page; `do` opens what is to be done there, as a preview."""
        path = f"/databases/{quote(place.environment, safe='')}/{quote(place.database_name, safe='')}"
        return self._page(path + (f"?do={do}" if do else ""), label)

    def databases(self, label: str) -> tuple[Link, ...]:
        """To the list of the team's databases."""
        return self._page("/databases", label)

    def _page(self, path: str, label: str) -> tuple[Link, ...]:
        if not self.served or not self.base:
            return ()
        return (Link(label, f"{self.base.rstrip('/')}/console/#{path}"),)


def elsewhere(url: str | None, label: str) -> tuple[Link, ...]:
    """To a pull request or a report; none where there is no address, or none that a browser opens safely."""
    return (Link(label, url),) if url and url.startswith("https://") else ()
