from __future__ import annotations

import pytest

from actions.choices import Choice, choices, chosen, payload_value
from tests.unit.care_support import DOMAIN

LISTS = [
    ("utter_ask_account_topic", "account_topic"),
    ("utter_ask_rating", "rating"),
    ("utter_ask_return_reason", "return_reason"),
]
TOPICS = (
    Choice("login", "I can't log in", ("log in", "password")),
    Choice("delete", "Delete my account", ("delete", "close my account")),
)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("I can\u2019t log in", "login"),
        ("i forgot my PASSWORD", "login"),
        ("pls delete it", "delete"),
        ("log in to delete", "login"),
        ("passwords", None),
        ("", None),
    ],
)
def test_words_choose_what_they_fit_and_the_longest_words_decide(said: str, value: str | None) -> None:
    assert chosen(said, TOPICS) == value


@pytest.mark.parametrize("payload", ['/ask{"topic": "login"}', '/ask{{"topic": "login"}}'])
def test_a_payload_is_read_with_single_and_with_doubled_braces(payload: str) -> None:
    assert payload_value(payload, "topic") == "login"


@pytest.mark.parametrize("payload", ["/ask", "/ask{}", '/ask{"other": "x"}', "/ask{broken}", "}{", ""])
def test_a_payload_without_the_entity_is_no_choice(payload: str) -> None:
    assert payload_value(payload, "topic") is None


@pytest.mark.parametrize(("response", "entity"), LISTS)
def test_every_list_of_the_domain_fits_whatsapp_and_each_title_chooses_its_own_row(response: str, entity: str) -> None:
    offered = choices(DOMAIN, response, entity)
    assert 2 <= len(offered) <= 10
    assert all(len(choice.title) <= 24 for choice in offered)
    assert [chosen(choice.title, offered) for choice in offered] == [choice.value for choice in offered]
