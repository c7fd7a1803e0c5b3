"""An owner that is given is an address or a GitHub handle."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.core import owner, tags


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("jane@example.com", "example.com"),
        ("Jane.Moreau+db@Sub.Example.COM", "sub.example.com"),
        ("a@b", None),
        ("a@b@example.com", None),
        (".jane@example.com", None),
        ("jane..m@example.com", None),
        ("jane@-example.com", None),
        ("jane@example.com\n", None),
        ("jane@exa mple.com", None),
        ("x" * 65 + "@example.com", None),
        ("@jane", None),
        ("", None),
    ],
)
def test_an_address_has_a_domain_and_nothing_else_has(text: str, domain: str | None) -> None:
    assert owner.domain_of(text) == domain


@pytest.mark.parametrize(
    "text", ["jane", "@jane", "@jane-moreau", "jane_acme", "@acme/orders_team", "x" * 39, "jane@example.com"]
)
def test_these_may_be_given(text: str) -> None:
    assert owner.is_allowed(text)


@pytest.mark.parametrize(
    "text",
    ["Jane Moreau", "jane.moreau", "-jane", "jane-", "a--b", "x" * 40, "acme/orders", "@acme/", "@", "jane@"],
)
def test_these_may_not(text: str) -> None:
    assert not owner.is_allowed(text)


@pytest.mark.parametrize(
    ("holder", "found"),
    [
        ("jane", "jane"),
        ("paul.novak", "paul.novak"),
        (None, "alpha"),
        ("", "alpha"),
        ("a;b", "alpha"),
        ("aws:x", "alpha"),
    ],
)
def test_left_out_it_is_whose_key_asks_else_the_team(holder: str | None, found: str) -> None:
    assert owner.left_out("alpha", holder) == found


@given(st.text(max_size=140))
def test_whatever_is_taken_is_a_value_of_a_tag(text: str) -> None:
    if owner.is_allowed(text):
        assert tags.has_allowed_characters(text)
        assert not tags.begins_as_amazons(text)
