"""Each text as it is read, in Slack and as plain text: tests/golden/messages."""

import json
import re
from typing import Final

import pytest
from provisioner.notifier.links import Console, elsewhere
from provisioner.notifier.plain import plain
from provisioner.notifier.slack_blocks import payload
from provisioner.notifier.texts import Texts

from tests.core.examples import catalog
from tests.golden_files import assert_golden
from tests.notifier.examples import TEXTS, occasions, one_database, removal

OCCASIONS: Final = occasions()


@pytest.mark.parametrize("name", OCCASIONS)
def test_a_text_reads_like_this(name: str) -> None:
    message = OCCASIONS[name]
    assert_golden(f"messages/{name}.txt", f"Subject: {message.title}\n\n{plain(message)}")
    assert_golden(f"messages/{name}.json", json.dumps(payload(message), indent=1, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("name", OCCASIONS)
def test_a_link_opens_the_console_or_github_and_carries_nothing_but_what_to_do(name: str) -> None:
    urls = [link.url for link in OCCASIONS[name].links]
    assert urls
    for url in urls:
        assert re.fullmatch(
            r"https://rds\.acme\.example/console/#/[\w/-]+(\?do=extend)?|https://github\.com/acme/databases/\w+/\d",
            url,
        )


def test_without_a_console_links_lead_to_github_alone() -> None:
    without = Texts(Console("https://rds.acme.example", served=False), catalog())
    assert without.ready("id", one_database()).links == ()
    assert [link.label for link in without.drifted("id", one_database(), "https://github.com/a/b").links] == [
        "What differs"
    ]


@pytest.mark.parametrize("url", [None, "", "http://x.example", "javascript:alert(1)", "https:evil"])
def test_an_address_that_a_browser_does_not_open_safely_is_no_link(url: str | None) -> None:
    assert elsewhere(url, "See") == ()


def test_a_removal_that_waits_is_called_one() -> None:
    text = plain(TEXTS.approval("id", removal(), [], "nobody is named", yours=False))
    assert "Its removal is planned, and not merged: nobody is named." in text
    assert "Approval of one of" not in text
