"""The local GitHub in a browser: an index, lists, a sign-in, and a reviewer's buttons."""

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st
from provisioner.github.client import GitHub

from sandbox.github import GitHubServer
from sandbox.github.browser import local

OWNER = "platform-engineer"


class Browser:
    """One browser: it follows no redirect, and keeps its cookie."""

    def __init__(self, server: GitHubServer) -> None:
        self.url, self.cookie = server.url, ""
        self.pool = urllib3.PoolManager(timeout=5, retries=False)

    def get(self, path: str) -> str:
        answer = self.pool.request("GET", self.url + path, headers={"cookie": self.cookie})
        return answer.data.decode()

    def post(self, path: str, origin: str = "", **fields: str) -> urllib3.BaseHTTPResponse:
        headers = {"cookie": self.cookie, "origin": origin or self.url}
        answer = self.pool.request_encode_body(
            "POST", self.url + path, fields=fields, headers=headers, encode_multipart=False
        )
        if cookie := answer.headers.get("set-cookie"):
            self.cookie = cookie.partition(";")[0]
        return answer

    def sign_in(self, login: str) -> urllib3.BaseHTTPResponse:
        return self.post("/login", login=login, return_to="/acme/databases/pull/1")


@pytest.fixture
def browser(server: GitHubServer, github: GitHub) -> Browser:
    """On a repository with one open pull request of the App."""
    server.git.set_branch("rds/orders", str(server.git.head("main")), None)
    server.users.push("rds/orders", "terraform/databases/dev/orders/main.tf", b"# orders\n", "Create")
    github.open_pull_request(branch="rds/orders", base="main", title="Create dev/orders", body="b")
    return Browser(server)


def test_the_index_leads_to_pull_requests_and_issues(browser: Browser) -> None:
    text = browser.get("/")

    assert "1 open, 1 in all" in text
    assert "href='/acme/databases/pulls?q=is:open'" in text
    assert "href='/acme/databases/issues'" in text
    assert f"git clone {browser.url}/acme/databases.git" in text


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("", True),
        ("?q=is:open", True),
        ("?q=is:closed", False),
        ("?q=head:rds/orders", True),
        ("?q=head:x", False),
    ],
)
def test_the_list_of_pull_requests_can_be_narrowed(browser: Browser, wanted: str, shown: bool) -> None:
    assert ("Create dev/orders" in browser.get(f"/acme/databases/pulls{wanted}")) is shown


def test_nobody_reviews_who_is_not_signed_in(browser: Browser, server: GitHubServer) -> None:
    text = browser.get("/acme/databases/pull/1")
    answer = browser.post("/acme/databases/pull/1/approve")

    assert "Sign in</a> to review it" in text
    assert "<button class=approve" not in text
    assert (answer.status, answer.headers["location"]) == (303, "/login?return_to=/acme/databases/pull/1")
    assert server.hub.pulls[1].reviews == []


def test_whoever_signs_in_is_led_back_and_reviews_as_themselves(
    browser: Browser, server: GitHubServer
) -> None:
    back = browser.sign_in("data-owner")
    assert (back.status, back.headers["location"]) == (303, "/acme/databases/pull/1")
    assert "HttpOnly; SameSite=Strict" in back.headers["set-cookie"]
    assert "data-owner<form" in browser.get("/acme/databases/pull/1")

    assert browser.post("/acme/databases/pull/1/approve", comment="Fine.").status == 303
    assert browser.post("/acme/databases/pull/1/request-changes").status == 303

    pull = server.hub.pulls[1]
    assert [(review.login, review.state) for review in pull.reviews] == [
        ("data-owner", "APPROVED"),
        ("data-owner", "CHANGES_REQUESTED"),
    ]
    assert [(comment.login, comment.body) for comment in pull.comments] == [("data-owner", "Fine.")]


def test_a_pull_request_is_closed_and_opened_again(browser: Browser, server: GitHubServer) -> None:
    browser.sign_in(OWNER)
    browser.post("/acme/databases/pull/1/close")
    assert server.hub.pulls[1].state == "closed"
    assert "Reopen</button>" in browser.get("/acme/databases/pull/1")
    browser.post("/acme/databases/pull/1/reopen")
    assert server.hub.pulls[1].state == "open"


def test_what_a_rule_refuses_is_said_in_its_words(browser: Browser, server: GitHubServer) -> None:
    server.hub.rules.put(
        1,
        {
            "name": "restrict updates",
            "enforcement": "active",
            "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"]}},
            "rules": [{"type": "update"}],
        },
    )
    browser.sign_in(OWNER)

    answer = browser.post("/acme/databases/pull/1/merge")

    assert answer.status == 405
    assert "Cannot update this protected ref." in answer.data.decode()
    assert server.hub.pulls[1].state == "open"


def test_who_may_only_read_cannot_review(browser: Browser, server: GitHubServer) -> None:
    browser.sign_in("stranger")
    assert browser.post("/acme/databases/pull/1/approve").status == 403
    assert server.hub.pulls[1].reviews == []


def test_a_form_of_another_page_does_nothing(browser: Browser, server: GitHubServer) -> None:
    browser.sign_in(OWNER)
    assert browser.post("/acme/databases/pull/1/approve", origin="https://attacker.example").status == 403
    assert server.hub.pulls[1].reviews == []


def test_after_signing_out_nobody_is_signed_in(browser: Browser) -> None:
    browser.sign_in(OWNER)
    session = browser.cookie
    browser.post("/logout")
    browser.cookie = session
    assert "Sign in</a> to review it" in browser.get("/acme/databases/pull/1")


def test_nobody_signs_in_as_someone_unknown(browser: Browser) -> None:
    assert browser.post("/login", login="root", return_to="/").status == 422
    assert browser.cookie == ""


def test_text_of_a_caller_stays_text(browser: Browser, server: GitHubServer) -> None:
    browser.sign_in(OWNER)
    browser.post("/acme/databases/pull/1/comment", comment="<script>alert(1)</script>")
    assert len(server.hub.pulls[1].comments) == 1
    assert "<script>" not in browser.get("/acme/databases/pull/1")
    assert "<script>" not in browser.get("/login?return_to='><script>alert(1)</script>")


@given(st.text())
def test_a_sign_in_leads_nowhere_else(back: str) -> None:
    """A browser takes `//host` and `/\\host` for another host, and a line's end for another header."""
    found = local(back)
    assert found.startswith("/")
    assert not found.startswith(("//", "/\\"))
    assert found.isascii()
    assert found.isprintable()
