"""Templates: fetched page by page, filled as the Cloud API wants it, refused in plain words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.whatsapp_client import WhatsAppChannel
from connectors.whatsapp_outbound import render
from connectors.whatsapp_template_list import KEPT_SECONDS, Template, TemplateList, read
from connectors.whatsapp_templates import template_message
from handoff.channel import FREE_FORM, MARKETING, TEMPLATE, DeliveryError, TemplateProblem
from handoff.template_text import BODY_LIMIT, filled, fitted, legal
from tests.unit.whatsapp_support import NUMBER, TinyGraph, message_validator, settings

ORDER: dict[str, Any] = {
    "name": "order_update",
    "language": "en_GB",
    "status": "APPROVED",
    "category": "UTILITY",
    "parameter_format": "NAMED",
    "components": [
        {"type": "HEADER", "format": "IMAGE"},
        {"type": "BODY", "text": "Hello {{name}}, order {{order}} is ready.",
         "example": {"body_text_named_params": [{"param_name": "name", "example": "Ana"}]}},
        {"type": "FOOTER", "text": "Marigold"},
        {"type": "BUTTONS", "buttons": [
            {"type": "URL", "text": "Track it", "url": "https://example.com/t/{{1}}"},
            {"type": "QUICK_REPLY", "text": "Thanks"},
            {"type": "COPY_CODE", "text": "Copy code"},
        ]},
    ],
}  # fmt: skip
READY = {
    "name": "answer_ready", "language": "en", "status": "APPROVED", "category": "UTILITY",
    "parameter_format": "POSITIONAL",
    "components": [{"type": "BODY", "text": "About your case: {{1}}", "example": {"body_text": [["it is solved"]]}}],
}  # fmt: skip
FILLED = {"name": "Ana", "order": "1042", "header": "https://example.com/a.jpg", "button.0": "42", "button.2": "SAVE10"}


def known(item: dict[str, Any]) -> Template:
    return read(item, item["name"], item["language"])


def spec(**more: Any) -> dict[str, Any]:
    return {"name": "order_update", "language": "en_GB", **more}


def valid(payload: Any) -> None:
    message_validator().validate(
        {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "1", **payload}
    )


def test_every_part_of_a_template_is_filled_in() -> None:
    message = template_message(spec(parameters={**FILLED, "button.1": "/thanks"}), known(ORDER))
    parts = message.payload["template"]["components"]
    assert message.payload["template"]["language"] == {"code": "en_GB"}
    assert parts == [
        {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://example.com/a.jpg"}}]},
        {"type": "body", "parameters": [
            {"type": "text", "parameter_name": "name", "text": "Ana"},
            {"type": "text", "parameter_name": "order", "text": "1042"},
        ]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "42"}]},
        {"type": "button", "sub_type": "quick_reply", "index": "1",
         "parameters": [{"type": "payload", "payload": "/thanks"}]},
        {"type": "button", "sub_type": "copy_code", "index": "2",
         "parameters": [{"type": "coupon_code", "coupon_code": "SAVE10"}]},
    ]  # fmt: skip
    assert message.text == "[image]\nHello Ana, order 1042 is ready.\nMarigold\n[Track it] [Thanks] [Copy code]"
    assert (message.kind, message.offers) == (TEMPLATE, ("/thanks",))
    valid(message.payload)


def test_a_template_with_numbered_gaps_takes_a_list() -> None:
    message = template_message({"name": "answer_ready", "language": "en", "parameters": ["it is solved"]}, known(READY))
    (body,) = message.payload["template"]["components"]
    assert body == {"type": "body", "parameters": [{"type": "text", "text": "it is solved"}]}
    assert message.text == "About your case: it is solved"
    valid(message.payload)


@pytest.mark.parametrize(
    "given, words",
    [
        ({}, "Fill in: image, name, order, Track it, Copy code."),
        ({**FILLED, "name": "  "}, "Fill in: name."),
        (["one"], "2 gaps"),
        ({**FILLED, "header": {"caption": "x"}}, "web address of a image"),
        ("text", "list or an object"),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_plain_words(given: Any, words: str) -> None:
    with pytest.raises(TemplateProblem, match=words):
        template_message(spec(parameters=given), known(ORDER))


def test_a_template_that_advertises_says_so() -> None:
    assert template_message(spec(parameters=FILLED), known({**ORDER, "category": "MARKETING"})).kind == MARKETING


@given(st.text(min_size=1), st.integers(0, 3000))
def test_a_parameter_is_always_one_that_whatsapp_takes(words: str, length: int) -> None:
    text = "About {{1}}: {{2}}"
    fit = fitted(text, {"1": "your case\n\tnow", "2": words + "x" * length})
    assert len(filled(text, fit)) <= BODY_LIMIT
    assert all("\n" not in value and "\t" not in value and "    " not in value for value in fit.values())
    assert fit["1"] == "your case now"
    assert fit["2"] == legal(words + "x" * length) or fit["2"].endswith("…")


async def test_the_list_is_fetched_page_by_page_once_in_a_while_and_only_what_is_approved() -> None:
    pages = [
        {
            "data": [ORDER, {**READY, "status": "PAUSED"}],
            "paging": {"cursors": {"after": "A"}, "next": "there is more"},
        },
        {"data": [READY], "paging": {"cursors": {"after": "B"}}},
    ]
    asked: list[Any] = []
    now = 0.0

    async def fetch(query: Any) -> Any:
        asked.append(query.get("after"))
        return pages[(len(asked) - 1) % 2]

    templates = TemplateList(fetch, lambda: now)
    assert not templates.known
    await templates.refresh()
    await templates.refresh()
    assert asked == [None, "A"] and templates.known
    assert [one.name for one in templates.all()] == ["order_update", "answer_ready"]
    assert templates.find("order_update", "en_GB") and not templates.find("order_update", "en")
    now = KEPT_SECONDS
    await templates.refresh()
    assert asked == [None, "A", None, "A"]


async def test_an_old_list_is_kept_when_a_new_one_does_not_come() -> None:
    now, broken = 0.0, False

    async def fetch(query: Any) -> Any:
        if broken:
            raise DeliveryError("Not now.", retry=True)
        return {"data": [READY]}

    templates = TemplateList(fetch, lambda: now)
    await templates.refresh()
    now, broken = KEPT_SECONDS, True
    await templates.refresh()
    assert templates.find("answer_ready", "en")


async def test_the_channel_fetches_the_accounts_templates_and_then_knows_them() -> None:
    async with TinyGraph().running() as graph:
        graph.answers = [(200, json.dumps({"data": [ORDER, READY]}))]
        channel = WhatsAppChannel(settings(graph.url))
        assert channel.template(NUMBER, {"name": "unseen", "language": "en"}).text == "[template unseen]"
        listed = await channel.templates(NUMBER)
        await channel.close()
    (call,) = graph.calls
    assert call.line.startswith("GET /v23.0/200000000000001/message_templates?fields=name%2Clanguage")
    assert call.headers["authorization"] == "Bearer test-token"
    assert [(one["name"], one["fields"][-1]["key"]) for one in listed] == [
        ("order_update", "button.2"), ("answer_ready", "1"),
    ]  # fmt: skip
    with pytest.raises(TemplateProblem, match="no approved template 'order_update' in the language 'en'"):
        channel.template(NUMBER, {"name": "order_update", "language": "en", "parameters": FILLED})


async def test_the_bots_turns_know_the_templates_before_anybody_asks_for_the_list() -> None:
    advert = {**READY, "name": "spring_offer", "category": "MARKETING"}
    async with TinyGraph().running() as graph:
        graph.answers = [(200, json.dumps({"data": [advert]}))]
        channel = WhatsAppChannel(settings(graph.url))
        await channel.learn_templates()
        await channel.learn_templates()
        (offer,) = channel.render(
            [{"custom": {"template": {"name": "spring_offer", "language": "en", "parameters": ["a"]}}}], NUMBER
        )
        assert offer.kind == MARKETING
        await channel.close()
    assert len(graph.calls) == 1


async def test_templates_that_do_not_come_are_no_failure() -> None:
    async with TinyGraph().running() as graph:
        graph.answers = [(500, "<html>")]
        channel = WhatsAppChannel(settings(graph.url))
        await channel.learn_templates()
        await channel.close()
    assert len(graph.calls) == 1


def test_a_bots_template_passes_at_any_time_and_its_quick_replies_are_offers() -> None:
    raw = {"type": "template", "template": {"name": "case", "language": {"code": "en_US"}, "components": [
        {"type": "button", "sub_type": "quick_reply", "index": "0",
         "parameters": [{"type": "payload", "payload": "/reopen"}]}]}}  # fmt: skip
    written_out, by_name, words = render(
        [{"custom": {"whatsapp": raw}}, {"custom": {"template": spec(parameters=["a"])}}, {"text": "Hello"}]
    )
    assert [message.kind for message in (written_out, by_name, words)] == [TEMPLATE, TEMPLATE, FREE_FORM]
    assert written_out.offers == ("/reopen",) and written_out.payload == raw
    for message in (written_out, by_name):
        valid(message.payload)


def test_a_bots_template_that_cannot_be_filled_is_left_out_and_not_a_failure() -> None:
    def refuse(_spec: Any) -> Any:
        raise TemplateProblem("There is no such template.")

    assert [m.text for m in render([{"custom": {"template": spec()}}, {"text": "Hello"}], None, refuse)] == ["Hello"]
