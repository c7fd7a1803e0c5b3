"""The connections to the API, through the proxy that the environment names for it."""

import os
import ssl
from urllib.parse import urlsplit

import urllib3


def pool(url: str) -> urllib3.PoolManager:
    """A pool of connections to this URL; certificates are checked against the system's authorities."""
    parts = urlsplit(url)
    context = ssl.create_default_context() if parts.scheme == "https" else None
    proxy = _proxy(parts.scheme, parts.hostname or "")
    if proxy:
        return urllib3.ProxyManager(proxy, ssl_context=context)
    return urllib3.PoolManager(ssl_context=context)


def _proxy(scheme: str, host: str) -> str | None:
    if not any(name.lower() in (f"{scheme}_proxy", "all_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies_environment, proxy_bypass  # noqa: PLC0415  (20 ms)

    known = getproxies_environment()
    if proxy_bypass(host):
        return None
    return known.get(scheme) or known.get("all")
