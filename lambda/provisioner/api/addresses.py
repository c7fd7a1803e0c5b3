"""① The address under which the API was called, and links that begin with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API is, with its stage; empty where no call says it, so that links stay paths.

    `console` is so where the stack serves one.
    """

    base: str = ""
    console: bool = False

    @classmethod
    def of_call(cls, event: Mapping[str, Any], *, public_url: str, console: bool) -> "Address":
        """The domain of the deployment, else what API Gateway says of the call.

        Its `domainName` is API Gateway's word and not a header's, and its path has the stage in front:
        https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
        """
        if public_url:
            return cls(public_url.rstrip("/"), console)
        context, path = event.get("requestContext") or {}, str(event.get("path") or "")
        domain, whole = context.get("domainName"), str(context.get("path") or "")
        if not domain or not path or not whole.endswith(path):
            return cls(console=console)
        headers = {str(name).lower(): value for name, value in (event.get("headers") or {}).items()}
        scheme = "http" if headers.get("x-forwarded-proto") == "http" else "https"
        return cls(f"{scheme}://{domain}{whole.removesuffix(path)}", console)

    def of(self, path: str) -> str:
        """The whole address of a path of the API."""
        return self.base + path

    def linked(self, document: dict[str, Any]) -> dict[str, Any]:
        """A document whose own `links` are whole addresses, and those of the documents that it lists."""
        for listed in ("requests", "databases", "snapshots"):
            for item in document.get(listed) or ():
                if isinstance(item, dict):
                    self.linked(item)
        links = document.get("links")
        if isinstance(links, dict):
            page = links.get("self")
            document["links"] = {name: self._whole(link) for name, link in links.items()}
            if page:
                document["links"]["console"] = f"{self.base}/console/#{page}" if self.console else None
        return document

    def _whole(self, link: str | None) -> str | None:
        return self.base + link if link and link.startswith("/") else link
