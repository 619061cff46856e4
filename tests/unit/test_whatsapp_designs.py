"""Everything that a designer may write, on its way to the phone: within Meta's schema and limits, and no word lost."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from connectors.whatsapp import WhatsAppOutput
from connectors.whatsapp_limits import wrong_field
from connectors.whatsapp_outbound import RenderOptions, render
from handoff.channel import Rendered
from tests.unit.whatsapp_support import message_validator, strings

LINK = "https://example.com/a"
OGG = "data:audio/ogg;base64," + base64.b64encode(b"OggS").decode()
WEBP = "data:image/webp;base64," + base64.b64encode(b"RIFF").decode()


def check(message: Rendered) -> None:
    """Meta's schema takes it (what is uploaded first, with the id that it gets), and so do the limits."""
    kind = message.payload["type"]
    part = message.payload[kind]
    sent = {**part, "id": "1"} if isinstance(part, dict) and "data" in part else part
    sent = {key: sent[key] for key in sent if key != "data"} if isinstance(sent, dict) else sent
    payload = {**message.payload, kind: sent}
    message_validator().validate(
        {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "1", **payload}
    )
    assert wrong_field(payload) is None
    assert message.text.strip()


def one(response: dict[str, Any]) -> Any:
    (message,) = render([response])
    check(message)
    return message.payload[message.payload["type"]]


def shown(turn: list[Any], options: RenderOptions | None = None) -> str:
    messages = render(turn, options)
    for message in messages:
        check(message)
    return " ".join(" ".join(strings(message.payload)) for message in messages)


def test_the_channels_name_is_the_one_that_responses_are_chosen_by() -> None:
    """Rasa prefers a variation with ``channel: whatsapp`` to one without, by this name."""
    assert WhatsAppOutput.name() == "whatsapp"


@pytest.mark.parametrize(
    "custom, part",
    [
        ({"location": {"latitude": 51.5, "longitude": "-0.1", "name": "Depot", "address": "1 Quay"}},
         {"latitude": "51.5", "longitude": "-0.1", "name": "Depot", "address": "1 Quay"}),
        ({"location_request": "Where are you?"},
         {"type": "location_request_message", "body": {"text": "Where are you?"},
          "action": {"name": "send_location"}}),
        ({"request_contact_info": {"text": "Your number?"}},
         {"type": "request_contact_info", "body": {"text": "Your number?"},
          "action": {"name": "request_contact_info"}}),
        ({"url_button": {"text": "Read on", "title": "Open", "url": LINK, "header": "News", "footer": "Marigold"}},
         {"type": "cta_url", "body": {"text": "Read on"}, "header": {"type": "text", "text": "News"},
          "footer": {"text": "Marigold"},
          "action": {"name": "cta_url", "parameters": {"display_text": "Open", "url": LINK}}}),
        ({"flow": {"text": "Rate us", "id": 8, "button": "Rate", "token": "t", "screen": "RATE", "data": {"n": 1}}},
         {"type": "flow", "body": {"text": "Rate us"}, "action": {"name": "flow", "parameters": {
             "flow_message_version": "3", "flow_cta": "Rate", "flow_id": "8", "flow_token": "t",
             "flow_action": "navigate", "flow_action_payload": {"screen": "RATE", "data": {"n": 1}}}}}),
        ({"contacts": {"name": "Support Desk", "phone": "+15550100123", "email": "a@example.com",
                       "company": "Marigold"}},
         [{"name": {"formatted_name": "Support Desk", "first_name": "Support"},
           "phones": [{"phone": "+15550100123", "type": "WORK"}],
           "emails": [{"email": "a@example.com", "type": "WORK"}], "org": {"company": "Marigold"}}]),
        ({"reaction": {"message_id": "wamid.1", "emoji": "✅"}}, {"message_id": "wamid.1", "emoji": "✅"}),
        ({"sticker": {"link": "https://example.com/a.webp"}}, {"link": "https://example.com/a.webp"}),
        ({"video": {"link": "https://example.com/a.mp4", "caption": "Look"}},
         {"link": "https://example.com/a.mp4", "caption": "Look"}),
        ({"voice": {"data": OGG}}, {"data": OGG, "voice": True}),
        ({"audio": "https://example.com/a.mp3"}, {"link": "https://example.com/a.mp3"}),
    ],
)  # fmt: skip
def test_each_design_is_its_message(custom: dict[str, Any], part: Any) -> None:
    assert one({"custom": custom}) == part


def test_a_list_has_sections_descriptions_a_header_and_a_footer() -> None:
    rows = [{"title": "Billing", "payload": "/billing", "description": "Invoices and refunds"}, {"title": "Login"}]
    design = {"text": "What is it about?", "button": "Topics", "header": "Help", "footer": "Marigold",
              "sections": [{"title": "Account", "rows": rows}, {"title": "Orders", "rows": ["Track"]}]}  # fmt: skip
    (message,) = render([{"custom": {"list": design}}])
    check(message)
    interactive = message.payload["interactive"]
    assert interactive["action"] == {"button": "Topics", "sections": [
        {"title": "Account", "rows": [{"id": "/billing", "title": "Billing", "description": "Invoices and refunds"},
                                      {"id": "Login", "title": "Login"}]},
        {"title": "Orders", "rows": [{"id": "Track", "title": "Track"}]},
    ]}  # fmt: skip
    assert (interactive["header"], interactive["footer"]) == ({"type": "text", "text": "Help"}, {"text": "Marigold"})
    assert message.offers == ("/billing", "Login", "Track")


def test_a_list_that_is_too_long_is_numbered_with_everything_in_it() -> None:
    rows = [{"title": f"Row {n}", "description": "d" * 80} for n in range(11)]
    words = shown([{"custom": {"list": {"text": "Which?", "sections": [{"title": "All of them", "rows": rows}]}}}])
    assert words.startswith("text Which?\n\nAll of them\n1. Row 0: ddd") and "11. Row 10" in words


def test_a_header_or_a_footer_that_is_too_long_stands_in_the_body() -> None:
    part = one({"text": "Sure?", "header": "h" * 61, "footer": "f" * 61, "buttons": [{"title": "Yes"}]})
    assert part["body"]["text"] == f"{'h' * 61}\n\nSure?\n\n{'f' * 61}" and "header" not in part
    part = one({"text": "Sure?", "header": "h" * 60, "footer": "f" * 60, "buttons": [{"title": "Yes"}]})
    assert part["header"]["text"] == "h" * 60 and part["footer"]["text"] == "f" * 60


def test_a_title_that_is_too_long_for_a_button_with_an_address_makes_it_a_line() -> None:
    button = {"title": "t" * 21, "url": LINK}
    assert one({"text": "Read on", "buttons": [button]})["body"] == f"Read on\n\n{'t' * 21}: {LINK}"
    assert one({"text": "Read", "buttons": [{"title": "A", "url": LINK}, {"title": "B", "url": LINK}]})["body"] == (
        f"Read\n\nA: {LINK}\n\nB: {LINK}"
    )


def test_an_address_in_a_text_is_previewed() -> None:
    assert one({"text": f"See {LINK}"}) == {"body": f"See {LINK}", "preview_url": True}
    assert one({"text": "See nothing"}) == {"body": "See nothing"}


def test_a_reply_quotes_with_its_first_message_and_leaves_others_alone() -> None:
    before, first, second, after = render(
        [{"text": "Hello"}, {"text": "x" * 4097, "reply_to": "wamid.9"}, {"text": "Bye"}], RenderOptions()
    )
    assert first.payload["context"] == {"message_id": "wamid.9"}
    assert not any("context" in each.payload for each in (before, second, after))
    check(first)


def test_a_sound_cannot_have_a_caption_so_its_words_go_before() -> None:
    words, sound = render([{"text": "Listen", "attachment": {"type": "audio", "payload": {"link": f"{LINK}.mp3"}}}])
    assert (words.text, sound.payload) == ("Listen", {"type": "audio", "audio": {"link": f"{LINK}.mp3"}})


def test_a_file_that_is_something_else_is_sent_as_what_it_is() -> None:
    assert render([{"custom": {"image": {"data": WEBP}}}])[0].payload["type"] == "sticker"
    assert render([{"custom": {"image": {"link": f"{LINK}.pdf"}}}])[0].payload["type"] == "document"


@pytest.mark.parametrize(
    "payload, field",
    [
        ({"type": "text", "text": {"body": "x" * 4097}}, "text.body"),
        ({"type": "image", "image": {"caption": "x"}}, "image.link"),
        ({"type": "audio", "audio": {"link": LINK, "caption": "x"}}, "audio.caption"),
        ({"type": "location", "location": {"latitude": 91, "longitude": 0}}, "location.latitude"),
        ({"type": "contacts", "contacts": [{"name": {"formatted_name": "A"}}]}, "contacts[0].name.first_name"),
        ({"type": "template", "template": {"name": "a"}}, "template.language.code"),
        ({"type": "hologram", "hologram": {"text": "hi"}}, "type"),
        ({"type": "interactive", "interactive": {"type": "button", "body": {"text": "?"}, "action": {"buttons": [
            {"type": "reply", "reply": {"id": "1", "title": "x" * 21}}]}}},
         "interactive.action.buttons[0].reply.title"),
        ({"type": "interactive", "interactive": {"type": "list", "body": {"text": "?"}, "action": {
            "button": "b", "sections": [{"title": "s", "rows": [{"id": str(n), "title": "r"} for n in range(11)]}]}}},
         "interactive.action.sections"),
    ],
)  # fmt: skip
def test_what_is_written_out_and_would_be_refused_is_named_and_becomes_text(payload: Any, field: str) -> None:
    assert wrong_field(payload) == field
    if payload["type"] == "template":
        return
    with capture_logs() as logs:
        messages = render([{"text": "Hello", "custom": {"whatsapp": payload}}])
    assert {message.payload["type"] for message in messages} == {"text"}
    assert [(line["event"], line["reason"]) for line in logs] == [("whatsapp.became_text", field)]


sizes = st.sampled_from([1, 20, 21, 24, 25, 60, 61, 72, 73, 200, 201, 1024, 1025, 4097])
texts = st.text(max_size=30) | st.builds(lambda size: ("word " * size)[:size].strip() or "w", sizes)
odd = st.none() | st.integers() | st.booleans() | st.lists(st.text(max_size=3), max_size=2)
links = st.sampled_from(
    [LINK, "https://example.com/a.jpg", "https://example.com/a.pdf", "http://[", "nothing", OGG, WEBP]
)


def fields(**optional: Any) -> Any:
    return st.fixed_dictionaries({}, optional={name: each | odd for name, each in optional.items()}) | texts | odd


rows = st.lists(fields(title=texts, payload=texts, description=texts), max_size=12)
files = fields(link=links, data=links, caption=texts, filename=texts)
customs = st.fixed_dictionaries({}, optional={
    "location": fields(latitude=st.floats(-200, 200), longitude=st.floats(), name=texts, address=texts),
    "location_request": fields(text=texts), "request_contact_info": fields(text=texts),
    "url_button": fields(text=texts, title=texts, url=links, header=texts, footer=texts),
    "flow": fields(text=texts, id=texts, name=texts, button=texts, screen=texts, data=odd),
    "contacts": st.lists(fields(name=texts, phone=texts, email=texts, company=texts), max_size=6) | fields(name=texts),
    "reaction": fields(message_id=texts, emoji=texts),
    "list": fields(text=texts, button=texts, header=texts, footer=texts, rows=rows,
                   sections=st.lists(fields(title=texts, rows=rows), max_size=4)),
    "template": fields(name=texts, language=texts, parameters=st.lists(texts, max_size=3)),
    "whatsapp": st.fixed_dictionaries({"type": st.sampled_from(["text", "image", "interactive", "location", "x"])},
        optional={"text": fields(body=texts), "image": files,
                  "interactive": fields(type=texts, body=fields(text=texts)),
                  "location": fields(latitude=st.floats()), "x": fields(a=texts)}),
    **{kind: files for kind in ("image", "video", "audio", "voice", "sticker", "document")},
})  # fmt: skip
responses = st.fixed_dictionaries({}, optional={
    "text": texts, "header": texts | odd, "footer": texts | odd, "reply_to": st.sampled_from(["wamid.1", "", None, 5]),
    "buttons": st.lists(fields(title=texts, payload=texts, url=links), max_size=11), "custom": customs | odd,
    "image": links | files, "attachment": links | st.fixed_dictionaries({"type": texts, "payload": files}) | odd,
})  # fmt: skip


@given(st.lists(responses, max_size=3), st.booleans())
def test_whatever_is_designed_meta_would_take_it_and_no_word_is_lost(turn: list[dict[str, Any]], merge: bool) -> None:
    words = squeezed(shown(turn, RenderOptions(merge_texts=merge)))
    for response in turn:
        custom = response.get("custom")
        designed = custom.get("list") if isinstance(custom, dict) else None
        wanted = [response.get("text"), response.get("header"), response.get("footer")]
        if isinstance(designed, dict):
            wanted.append(designed.get("text"))
        for text in wanted:
            for word in str(text).split() if isinstance(text, str) else []:
                assert squeezed(word) in words


def squeezed(text: str) -> str:
    return "".join(text.encode("utf-8", "replace").decode().replace("\x00", "").split())
