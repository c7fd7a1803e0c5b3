"""What a reviewer does in the browser: signs in as someone of the organization, and reviews pull requests.

A session lives in a cookie. There are no passwords: the server listens on this machine alone, and everybody
on it may be anybody. A form of another page does nothing: the cookie is not sent with it, and the origin is
compared.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit

from sandbox.github import page
from sandbox.github.refused import Refused
from sandbox.github.site import Site

COOKIE: Final = "github_session"
HTML: Final = {"Content-Type": "text/html; charset=utf-8"}
MOST: Final = 65_536  # characters of a comment, as on GitHub

Answer = tuple[int, bytes, dict[str, str]]


def is_form(path: str, site: Site) -> bool:
    """Whether a POST of this path is sent by one of the pages."""
    return path in ("/login", "/logout") or _action(path, site) is not None


def signed_in(site: Site, headers: Mapping[str, str]) -> str:
    """The login of whoever sends this, or nothing."""
    try:
        cookie = SimpleCookie(headers.get("cookie") or "").get(COOKIE)
    except CookieError:
        return ""
    return site.sessions.get(cookie.value, "") if cookie else ""


def get(site: Site, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
    """A page."""
    status, text = page.answer(site.hub, path, query, signed_in(site, headers))
    return status, text.encode(), HTML


def post(site: Site, path: str, headers: Mapping[str, str], data: bytes) -> Answer:
    """Do what a form asks for, and lead back to its page."""
    if not _same_origin(headers):
        return _refusal(site, "", 403, "This form was sent by another page, so nothing was done.")
    form = {name: values[-1] for name, values in parse_qs(data.decode(errors="replace")).items()}
    if path == "/login":
        return _log_in(site, form)
    login = signed_in(site, headers)
    if path == "/logout":
        for token in [token for token, whose in site.sessions.items() if whose == login]:
            del site.sessions[token]
        return _see("/", f"{COOKIE}=; Path=/; Max-Age=0")
    number, action = _action(path, site) or (0, "")
    back = f"/{site.hub.shapes.full_name}/pull/{number}"
    if not login:
        return _see(f"/login?return_to={quote(back)}")
    try:
        _do(site, action, number, login, form.get("comment", "")[:MOST])
    except Refused as refused:
        return _refusal(site, login, refused.status, _words(refused))
    return _see(back)


def _do(site: Site, action: str, number: int, login: str, comment: str) -> None:
    if comment.strip():
        site.users.comment(number, comment, login)
    actions: dict[str, Callable[[int, str], object]] = {
        "approve": site.users.approve,
        "request-changes": site.users.request_changes,
        "merge": site.users.merge,
        "close": site.users.close,
        "reopen": site.users.reopen,
    }
    if action in actions:
        site.hub.organization.check_permission(login, "pull_requests", "write")
        actions[action](number, login)


def _action(path: str, site: Site) -> tuple[int, str] | None:
    """(number of the pull request, what to do with it) of a form's address."""
    match = re.fullmatch(rf"/{site.hub.shapes.full_name}/pull/(\d+)/({'|'.join(page.ACTIONS)})", path)
    return (int(match[1]), match[2]) if match else None


def _log_in(site: Site, form: Mapping[str, str]) -> Answer:
    login = form.get("login", "")
    if login not in page.users(site.hub):
        return _refusal(site, "", 422, "Choose one of the users.")
    token = secrets.token_urlsafe(24)
    site.sessions[token] = login
    back = local(form.get("return_to", "/"))
    return _see(back, f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict")


def local(address: str) -> str:
    """An address of this server for a `Location` header: what a caller gave, or the index."""
    clean = quote(address, safe="/?=&%#:")  # no line's end, which would begin another header
    return clean if clean.startswith("/") and not clean.startswith("//") else "/"


def _see(address: str, cookie: str = "") -> Answer:
    return 303, b"", {"Location": address} | ({"Set-Cookie": cookie} if cookie else {})


def _refusal(site: Site, login: str, status: int, words: str) -> Answer:
    return status, page.refusal(site.hub, login, words).encode(), HTML


def _words(refused: Refused) -> str:
    errors = refused.body.get("errors")
    first = errors[0].get("message") if isinstance(errors, list) and errors else None
    return str(first or refused)


def _same_origin(headers: Mapping[str, str]) -> bool:
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
