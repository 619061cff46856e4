"""Rendering a turn: few messages, always within WhatsApp's limits, and no word lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from connectors.whatsapp_outbound import RenderOptions, render
from handoff.channel import Rendered
from tests.unit.whatsapp_support import message_validator, strings


def button(title: str, payload: str | None = None) -> dict[str, Any]:
    return {"title": title, "payload": payload or f"/{title.lower()}"}


def text_of(message: Rendered) -> str:
    body: str = message.payload["text"]["body"]
    return body


def check(message: Rendered) -> None:
    """Meta's schema, and the limits that it does not know."""
    envelope = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+447700900123"}
    message_validator().validate({**envelope, **message.payload})
    json.dumps(message.payload, ensure_ascii=False).encode()
    assert message.text.strip()
    part = message.payload[message.payload["type"]]
    if message.payload["type"] == "text":
        assert 1 <= len(part["body"]) <= 4096 and part["body"].strip() == part["body"]
    elif message.payload["type"] != "interactive":
        assert len(part.get("caption", "")) <= 1024
    else:
        check_interactive(part, message.offers)


def check_interactive(part: dict[str, Any], offers: tuple[str, ...]) -> None:
    assert part["body"]["text"].strip() and len(part["body"]["text"]) <= 1024
    if part["type"] == "cta_url":
        assert 1 <= len(part["action"]["parameters"]["display_text"]) <= 20 and not offers
        return
    if part["type"] == "button":
        options, limit = [each["reply"] for each in part["action"]["buttons"]], 256
        assert len(options) <= 3
    else:
        assert 1 <= len(part["action"]["button"]) <= 20
        options, limit = [row for section in part["action"]["sections"] for row in section["rows"]], 200
        assert len(options) <= 10 and all(section["title"] for section in part["action"]["sections"])
    assert tuple(option["id"] for option in options) == offers
    assert len(set(offers)) == len(options) == len({option["title"] for option in options})
    assert all(0 < len(each) <= limit and each == each.strip() for each in offers)
    assert all(option["title"].strip() for option in options)


def test_texts_of_one_turn_become_one_message() -> None:
    (message,) = render([{"text": "Hello."}, {"text": "How are you?"}])
    assert message == Rendered({"type": "text", "text": {"body": "Hello.\n\nHow are you?"}}, "Hello.\n\nHow are you?")


def test_texts_stay_apart_when_merging_is_off() -> None:
    messages = render(
        [{"text": "One"}, {"text": "Two"}, {"text": "?", "buttons": [button("Yes")]}], RenderOptions(False)
    )
    assert [m.text for m in messages] == ["One", "Two", "? [Yes]"]


def test_a_text_of_4097_characters_becomes_two_messages() -> None:
    assert [len(text_of(message)) for message in render([{"text": "x" * 4097}])] == [4096, 1]


def test_up_to_three_short_buttons_are_reply_buttons() -> None:
    (message,) = render([{"text": "Sure?", "buttons": [button("Yes"), button("No"), button("A" * 20, "/a")]}])
    assert message.payload["interactive"]["type"] == "button"
    assert message.offers == ("/yes", "/no", "/a")
    assert message.text == f"Sure? [Yes] [No] [{'A' * 20}]"


def test_a_title_of_21_characters_makes_a_list_of_the_buttons() -> None:
    (message,) = render([{"text": "?", "buttons": [button("Yes"), button("A" * 21, "/a")]}])
    assert message.payload["interactive"]["type"] == "list"
    check(message)


def test_a_title_of_25_characters_is_cut_and_stands_in_full_below() -> None:
    title = "Change the delivery address"
    (message,) = render([{"text": "?", "buttons": [button(title, "/address"), button("Other")]}])
    row = message.payload["interactive"]["action"]["sections"][0]["rows"][0]
    assert row == {"id": "/address", "title": "Change the delivery…", "description": title}


def test_four_to_ten_buttons_are_a_list() -> None:
    for count in (4, 10):
        (message,) = render([{"text": "?", "buttons": [button(f"Option {n}") for n in range(count)]}])
        assert message.payload["interactive"]["type"] == "list" and len(message.offers) == count
        check(message)


def test_eleven_rows_are_numbered_text() -> None:
    (message,) = render([{"text": "Which?", "buttons": [button(f"Option {n}") for n in range(1, 12)]}])
    assert text_of(message).startswith("Which?\n\n1. Option 1\n2. Option 2\n") and "11. Option 11" in text_of(message)
    assert message.offers == ()


@pytest.mark.parametrize(
    "buttons",
    [
        [button("Yes", "/a"), button("yes", "/b")],
        [button("Yes", "/a"), button("Yep", "/a")],
        [button("Yes", "/" + "x" * 256), button("No")],
        [button(f"Option {n}", f"/{n}" + "x" * 199) for n in range(4)],
        [button("A" * 73, "/a"), button("No")],
    ],
    ids=["same title", "same payload", "payload over 256", "row payload over 200", "title over 72"],
)
def test_buttons_that_whatsapp_would_refuse_are_numbered_text(buttons: list[dict[str, Any]]) -> None:
    (message,) = render([{"text": "?", "buttons": buttons}])
    assert message.payload["type"] == "text"
    assert all(f"{n}. {each['title']}" in text_of(message) for n, each in enumerate(buttons, start=1))


def test_the_same_button_twice_is_shown_once() -> None:
    (message,) = render([{"text": "?", "buttons": [button("Yes"), button("Yes"), button("No")]}])
    assert message.offers == ("/yes", "/no")


def test_a_text_before_buttons_joins_them_when_both_fit() -> None:
    (message,) = render([{"text": "Hello."}, {"text": "Sure?", "buttons": [button("Yes")]}])
    assert message.payload["interactive"]["body"]["text"] == "Hello.\n\nSure?"


def test_a_text_before_buttons_stays_apart_when_both_do_not_fit() -> None:
    before, after = render([{"text": "x" * 1020}, {"text": "Sure?", "buttons": [button("Yes")]}])
    assert text_of(before) == "x" * 1020 and after.text == "Sure? [Yes]"


def test_a_body_over_1024_characters_sends_its_start_before_it() -> None:
    text = "A sentence of some words. " * 60 + "Sure?"
    before, after = render([{"text": text, "buttons": [button("Yes")]}])
    body = after.payload["interactive"]["body"]["text"]
    assert f"{text_of(before)} {body}" == text and body.endswith("Sure?")


def test_a_body_of_1024_characters_is_one_message_and_of_1025_two() -> None:
    assert len(render([{"text": "x" * 1024, "buttons": [button("Yes")]}])) == 1
    assert len(render([{"text": "x" * 1025, "buttons": [button("Yes")]}])) == 2


def test_buttons_without_a_text_use_the_text_before_or_the_label() -> None:
    (message,) = render([{"text": "Pick one"}, {"buttons": [button("Yes")]}])
    assert message.text == "Pick one [Yes]"
    (message,) = render([{"text": "", "buttons": [button("Yes")]}], RenderOptions(list_button="Pick"))
    assert message.text == "Pick [Yes]"


def test_one_button_that_opens_an_address_is_a_button() -> None:
    (message,) = render(
        [{"text": "Read on", "buttons": [{"type": "web_url", "title": "Help", "url": "https://e.org"}]}]
    )
    assert message.payload["interactive"] == {
        "type": "cta_url",
        "action": {"name": "cta_url", "parameters": {"display_text": "Help", "url": "https://e.org"}},
        "body": {"text": "Read on"},
    }
    assert message.text == "Read on [Help: https://e.org]"


def test_an_image_has_the_text_as_its_caption() -> None:
    (message,) = render([{"text": "Your parcel", "image": "https://example.com/a.jpg"}])
    assert message.payload == {
        "type": "image",
        "image": {"link": "https://example.com/a.jpg", "caption": "Your parcel"},
    }
    assert message.text == "Your parcel [image: https://example.com/a.jpg]"


def test_a_caption_that_is_too_long_goes_before_the_image() -> None:
    before, picture = render([{"text": "x" * 1025, "image": "https://example.com/a.jpg"}])
    assert len(text_of(before)) == 1025 and "caption" not in picture.payload["image"]


def test_an_image_goes_before_the_buttons_of_its_response() -> None:
    first, second = render([{"text": "?", "image": "https://example.com/a.jpg", "buttons": [button("Yes")]}])
    assert (first.payload["type"], second.payload["type"]) == ("image", "interactive")


def test_an_image_without_a_web_address_is_text() -> None:
    (message,) = render([{"text": "Look", "image": "pictures/a.jpg"}])
    assert text_of(message) == "Look\n\npictures/a.jpg"


def test_an_attachment_is_a_document_whatever_shape_rasa_gives_it() -> None:
    link = "https://example.com/invoice.pdf"
    for attachment in (link, {"url": link}, {"type": "file", "payload": {"src": link}}):
        (message,) = render([{"text": "Invoice", "attachment": attachment}])
        assert message.payload["document"] == {"link": link, "filename": "invoice.pdf", "caption": "Invoice"}
    (message,) = render([{"text": "Invoice", "attachment": "https://example.com/invoice"}])
    assert text_of(message) == "Invoice\n\nhttps://example.com/invoice"


def test_cards_are_texts_with_their_pictures_and_buttons() -> None:
    card = {"title": "Red mug", "subtitle": "9.50", "image_url": "https://e.org/m.jpg", "buttons": [button("Buy")]}
    picture, choice = render([{"elements": [card]}])
    assert picture.payload["type"] == "image" and choice.text == "Red mug\n9.50 [Buy]"


def test_a_custom_whatsapp_message_is_passed_through_without_an_address() -> None:
    location = {"latitude": 51.5, "longitude": -0.1, "name": "Depot"}
    raw = {"type": "location", "location": location, "to": "+15550100999", "messaging_product": "other"}
    before, message = render([{"text": "Here"}, {"custom": {"whatsapp": raw}}])
    assert before.text == "Here" and message == Rendered(
        {"type": "location", "location": {"latitude": "51.5", "longitude": "-0.1", "name": "Depot"}}, "Depot"
    )


def test_a_custom_message_offers_its_buttons_and_rows() -> None:
    reply = {"type": "reply", "reply": {"id": "/yes", "title": "Yes"}}
    raw = {
        "type": "interactive",
        "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": [reply]}},
    }
    (message,) = render([{"custom": {"whatsapp": raw}}])
    assert (message.text, message.offers) == ("? [Yes]", ("/yes",))
    parameters = [{"type": "payload", "payload": "/reopen"}]
    component = {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": parameters}
    template = {"name": "case_update", "language": {"code": "en"}, "components": [component]}
    (message,) = render([{"custom": {"whatsapp": {"type": "template", "template": template}}}])
    assert (message.text, message.offers) == ("[template case_update]", ("/reopen",))


@pytest.mark.parametrize("custom", [{"slack": {}}, {"whatsapp": "text"}, {"whatsapp": {"type": "text"}}, "words", [1]])
def test_any_other_custom_message_is_left_out_with_a_warning(custom: Any) -> None:
    with capture_logs() as logs:
        assert render([{"text": "Hello", "custom": custom}])[0].text == "Hello"
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("whatsapp.response_ignored", "warning")]


def test_a_turn_that_says_nothing_sends_nothing() -> None:
    assert render([]) == [] == render([{"text": ""}, {"text": None}, {"text": "  \n"}, {}])


def test_the_words_on_a_list_button_have_at_most_20_characters() -> None:
    with pytest.raises(ValueError, match="list_button"):
        RenderOptions(list_button="x" * 21)


def test_the_schema_used_here_refuses_what_meta_refuses() -> None:
    envelope = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+1"}
    too_long = {"type": "reply", "reply": {"id": "/a", "title": "x" * 21}}
    interactive = {"type": "button", "body": {"text": "?"}, "action": {"buttons": [too_long]}}
    assert not message_validator().is_valid({**envelope, "type": "interactive", "interactive": interactive})
    assert not message_validator().is_valid({**envelope, "type": "text", "text": {"body": "x"}, "extra": 1})
    assert message_validator().is_valid({**envelope, "type": "text", "text": {"body": "x"}})


sizes = st.sampled_from([1, 5, 19, 20, 21, 24, 25, 72, 73, 199, 200, 201, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097])
long_text = st.builds(lambda word, size: (word * size)[:size], st.sampled_from(["x", "word ", "One. Two.\n\n"]), sizes)
odd = st.none() | st.integers() | st.lists(st.text(max_size=3), max_size=2) | st.booleans()
words = st.text(max_size=30) | long_text | st.sampled_from(["", " ", "\x00", "\ud800", "👨\u200d👩\u200d👧"])
links = st.sampled_from(["https://example.com/a.jpg", "http://[", "a.jpg", "https://", ""])
buttons = st.lists(
    st.fixed_dictionaries({}, optional={"title": words | odd, "payload": words | odd, "url": links}) | words | odd,
    max_size=13,
)
cards = st.fixed_dictionaries({}, optional={"title": words, "subtitle": words, "image_url": links, "buttons": buttons})
responses = st.fixed_dictionaries(
    {},
    optional={
        "text": words | odd,
        "buttons": buttons | odd,
        "quick_replies": buttons,
        "image": links | odd,
        "attachment": links | odd | st.fixed_dictionaries({"payload": st.fixed_dictionaries({"src": links})}),
        "elements": st.lists(cards | odd, max_size=2) | odd,
        "custom": odd | st.dictionaries(st.sampled_from(["whatsapp", "slack"]), odd),
        "utter_action": st.just("utter_greet"),
    },
)


@given(st.lists(responses, max_size=4), st.booleans())
def test_whatever_the_responses_every_message_is_within_the_limits_and_no_text_is_lost(
    turn: list[dict[str, Any]], merge: bool
) -> None:
    messages = render(turn, RenderOptions(merge_texts=merge))
    for message in messages:
        check(message)
    shown = squeezed("".join(visible(message) for message in messages))
    for response in turn:
        for wanted in written_in(response):
            assert squeezed(wanted) in shown


def written_in(response: dict[str, Any]) -> list[str]:
    """The texts and the titles of the buttons that a designer wrote."""
    wanted = [response.get("text")]
    options = response.get("quick_replies") or response.get("buttons")
    for each in options if isinstance(options, list) else []:
        wanted.append(each.get("title") if isinstance(each, dict) else each)
    return [text for text in wanted if isinstance(text, str)]


def squeezed(text: str) -> str:
    return "".join(text.encode("utf-8", "replace").decode().replace("\x00", "").split())


def visible(message: Rendered) -> str:
    """What the customer reads in a message, from top to bottom."""
    part = message.payload[message.payload["type"]]
    if "action" not in part:
        return str(part.get("body") or part.get("caption") or "")
    return str(part["body"]["text"]) + "".join(strings(part["action"]))
