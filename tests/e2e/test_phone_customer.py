"""Every type of message that a customer sends from the phone page, and what arrives at the simulator."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.e2e.phone_support import ANA, Simulator, bubble, by_id, menu, picture, write
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

THUMB = "\N{THUMBS UP SIGN}"


def attach(page: Page, what: str) -> None:
    page.get_by_test_id("attach").click()
    page.get_by_test_id(f"attach-{what}").click()


def one(simulator: Simulator) -> dict[str, Any]:
    """Wait for the message of the customer that arrives at the simulator."""
    wait_until("a message is there", simulator.said)
    [message] = simulator.said()
    return message


def photo(name: str = "broken.png") -> dict[str, Any]:
    return {"name": name, "mimeType": "image/png", "buffer": picture()}


def test_photos_are_looked_at_first_and_the_first_has_the_caption(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("attach").click()
    with phone.expect_file_chooser() as chooser:
        phone.get_by_test_id("attach-photo").click()
    chooser.value.set_files([photo(), photo("other.png")])
    expect(phone.get_by_role("dialog").locator("img")).to_have_count(2)
    assert simulator.said() == []
    phone.get_by_test_id("caption").fill("It is broken")
    phone.get_by_test_id("sheet-send").click()
    expect(phone.get_by_test_id("bubble").locator(".picture")).to_have_count(2)
    wait_until("both are there", lambda: len(simulator.said()) == 2)
    captions = {message["payload"]["image"].get("caption") for message in simulator.said()}
    assert captions == {"It is broken", None}
    media = simulator.said()[0]["media"]
    assert simulator.http.get(f"/control/media/{media['id']}").content == picture()


def test_escape_on_the_preview_sends_nothing(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("pick-photo").set_input_files([photo()])
    phone.get_by_test_id("caption").press("Escape")
    expect(phone.get_by_role("dialog")).to_have_count(0)
    assert simulator.said() == []


def test_a_picture_is_sent_as_it_is_when_it_is_attached_as_a_document(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("pick-document").set_input_files([photo("scan.png")])
    phone.get_by_test_id("sheet-send").click()
    message = one(simulator)
    assert (message["type"], message["payload"]["document"]["filename"]) == ("document", "scan.png")
    expect(phone.get_by_test_id("document")).to_contain_text("scan.png")


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_picture_that_is_pasted_or_dropped_is_offered_for_sending(
    simulator: Simulator, phone: Page, way: str
) -> None:
    target = phone.get_by_test_id("message-input" if way == "paste" else "thread")
    data = phone.evaluate_handle(
        """(bytes) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "shot.png", { type: "image/png" }));
          return data;
        }""",
        list(picture()),
    )
    if way == "paste":
        target.evaluate(
            "(input, data) => input.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true }))",
            data,
        )
    else:
        target.dispatch_event("dragover", {"dataTransfer": data})
        target.dispatch_event("drop", {"dataTransfer": data})
    phone.get_by_test_id("sheet-send").click()
    assert one(simulator)["type"] == "image"


def test_an_empty_file_is_refused_with_a_sentence(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("pick-document").set_input_files([{"name": "a.txt", "mimeType": "text/plain", "buffer": b""}])
    expect(phone.get_by_test_id("composer-note")).to_have_text("a.txt is empty.")
    write(phone, "never mind")
    expect(phone.get_by_test_id("composer-note")).to_be_hidden()
    expect(phone.get_by_role("dialog")).to_have_count(0)


def test_a_sound_file_is_sent_as_audio_and_not_as_a_voice_note(simulator: Simulator, phone: Page) -> None:
    song = {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": b"ID3" + bytes(500)}
    phone.get_by_test_id("pick-audio").set_input_files([song])
    expect(phone.get_by_test_id("caption")).to_have_count(0)
    phone.get_by_test_id("sheet-send").click()
    message = one(simulator)
    assert (message["type"], message["payload"]["audio"]["voice"]) == ("audio", False)
    expect(phone.get_by_test_id("audio")).to_be_visible()


def test_an_upload_that_fails_can_be_tried_again(simulator: Simulator, phone: Page) -> None:
    def fail(route: Route) -> None:
        route.fulfill(status=500, content_type="application/json", body='{"error": "The disk is full."}')

    phone.route("**/control/customers/*/media", fail)
    phone.get_by_test_id("pick-photo").set_input_files([photo()])
    phone.get_by_test_id("sheet-send").click()
    failed = phone.get_by_test_id("bubble").last
    expect(failed).to_have_attribute("data-status", "error")
    expect(failed).to_contain_text("The disk is full.")
    assert simulator.said() == []
    phone.unroute("**/control/customers/*/media")
    failed.get_by_role("button", name="Not sent. Try again").click()
    expect(failed).to_have_attribute("data-status", "delivered")
    assert one(simulator)["type"] == "image"
    expect(failed).not_to_contain_text("The disk is full.")


def test_an_upload_shows_how_far_it_is(simulator: Simulator, phone: Page) -> None:
    held: list[Route] = []
    phone.route("**/control/customers/*/media", lambda route: held.append(route))
    phone.get_by_test_id("pick-photo").set_input_files([photo()])
    phone.get_by_test_id("sheet-send").click()
    expect(phone.get_by_role("progressbar", name="Upload")).to_be_visible()
    wait_until("the upload was asked for", lambda: phone.evaluate("1") and held)
    held[0].continue_()
    expect(phone.get_by_role("progressbar", name="Upload")).to_have_count(0)
    assert one(simulator)["type"] == "image"


def test_a_place_can_be_typed(simulator: Simulator, phone: Page) -> None:
    attach(phone, "location")
    phone.get_by_test_id("place-latitude").fill("91")
    phone.get_by_test_id("place-longitude").fill("4.5")
    expect(phone.get_by_test_id("sheet-send")).to_be_disabled()
    phone.get_by_test_id("place-latitude").fill("52.1")
    phone.get_by_test_id("place-name").fill("My house")
    phone.get_by_test_id("sheet-send").click()
    assert one(simulator)["payload"]["location"] == {"latitude": 52.1, "longitude": 4.5, "name": "My house"}


def test_a_current_position_has_only_its_numbers(simulator: Simulator, phone: Page) -> None:
    attach(phone, "location")
    phone.get_by_test_id("place-here").click()
    assert set(one(simulator)["payload"]["location"]) == {"latitude", "longitude"}


def test_a_contact_is_sent_as_a_card(simulator: Simulator, phone: Page) -> None:
    attach(phone, "contact")
    phone.get_by_test_id("contact-name").fill("Jo de Vries")
    phone.get_by_test_id("contact-phone").fill("+31 6 12345678")
    phone.get_by_test_id("sheet-send").click()
    [card] = one(simulator)["payload"]["contacts"]
    assert card["name"] == {"formatted_name": "Jo de Vries", "first_name": "Jo", "last_name": "de Vries"}
    assert card["phones"] == [{"phone": "+31 6 12345678", "type": "CELL", "wa_id": "31612345678"}]
    phone.get_by_role("button", name="View contact").click()
    expect(phone.get_by_role("dialog")).to_contain_text("+31 6 12345678")


def test_a_sticker_is_a_webp_of_512_pixels(simulator: Simulator, phone: Page) -> None:
    attach(phone, "sticker")
    phone.get_by_test_id("sticker-choice").first.click()
    message = one(simulator)
    assert (message["type"], message["media"]["mime_type"]) == ("sticker", "image/webp")
    expect(phone.locator("img.sticker")).to_be_visible()
    phone.wait_for_function("() => document.querySelector('img.sticker').naturalWidth === 512")
    content = simulator.http.get(f"/control/media/{message['media']['id']}").content
    assert (content[:4], content[8:12]) == (b"RIFF", b"WEBP") and len(content) <= 100 * 1024


def test_a_cart_is_sent_as_an_order(simulator: Simulator, phone: Page) -> None:
    attach(phone, "catalogue")
    expect(phone.get_by_test_id("sheet-send")).to_be_disabled()
    more = phone.get_by_role("button", name="One Blue teapot more")
    more.click()
    more.click()
    phone.get_by_test_id("order-text").fill("leave at door")
    phone.get_by_test_id("sheet-send").click()
    order = one(simulator)["payload"]["order"]
    items = [{"product_retailer_id": "TEA-BLU", "item_price": 34, "currency": "GBP", "quantity": 2}]
    assert (order["product_items"], order["text"]) == (items, "leave at door")
    expect(phone.get_by_test_id("order")).to_contain_text("2 items")


def test_a_poll_arrives_as_something_that_businesses_cannot_read(simulator: Simulator, phone: Page) -> None:
    attach(phone, "poll")
    message = one(simulator)
    assert (message["type"], message["payload"]["unsupported"]) == ("unsupported", {"type": "poll_creation"})


def test_what_is_attached_answers_the_message_that_was_chosen(simulator: Simulator, phone: Page) -> None:
    asked = simulator.send("What is broken?")
    menu(phone, bubble(phone, "What is broken?"), "Reply")
    phone.get_by_test_id("pick-photo").set_input_files([photo()])
    phone.get_by_test_id("sheet-send").click()
    assert one(simulator)["payload"]["context"]["id"] == asked


def test_the_customer_quotes_and_reacts(simulator: Simulator, phone: Page) -> None:
    sent = simulator.send("Is Tuesday fine?")
    menu(phone, bubble(phone, "Tuesday"), "Reply")
    write(phone, "yes it is")
    expect(bubble(phone, "yes it is").locator(".quote-text")).to_have_text("Is Tuesday fine?")
    menu(phone, by_id(phone, sent), f"React with {THUMB}")
    expect(by_id(phone, sent).get_by_test_id("reaction")).to_have_text(THUMB)
    wait_until("both are there", lambda: len(simulator.said()) == 2)
    quoting, reaction = simulator.said()
    assert quoting["payload"]["context"]["id"] == sent
    assert reaction["payload"]["reaction"] == {"message_id": sent, "emoji": THUMB}


def test_a_reaction_is_changed_and_taken_back(simulator: Simulator, phone: Page) -> None:
    sent = simulator.send("It is done")
    menu(phone, by_id(phone, sent), f"React with {THUMB}")
    menu(phone, by_id(phone, sent), "React with \u2764\ufe0f")
    expect(by_id(phone, sent).get_by_test_id("reaction")).to_have_text("\u2764\ufe0f")
    by_id(phone, sent).get_by_test_id("reaction").click()
    expect(by_id(phone, sent).get_by_test_id("reaction")).to_have_count(0)
    wait_until("all three are there", lambda: len(simulator.said()) == 3)
    assert [message["payload"]["reaction"].get("emoji") for message in simulator.said()] == [THUMB, "\u2764\ufe0f", ""]


def test_a_message_is_edited_and_deleted(simulator: Simulator, phone: Page) -> None:
    write(phone, "I am at hoem")
    expect(bubble(phone, "hoem")).to_have_attribute("data-status", "delivered")
    said = simulator.said()[0]["id"]
    menu(phone, by_id(phone, said), "Edit")
    expect(phone.get_by_test_id("message-input")).to_have_value("I am at hoem")
    write(phone, "I am at home")
    expect(by_id(phone, said)).to_contain_text("I am at home")
    expect(by_id(phone, said)).to_contain_text("Edited")
    menu(phone, by_id(phone, said), "Delete for everyone")
    expect(by_id(phone, said)).to_contain_text("You deleted this message")
    wait_until("all are there", lambda: len(simulator.said()) == 3)
    text, edit, revoke = simulator.said()
    assert (text["edited"], text["revoked"]) == ("I am at home", True)
    assert edit["payload"]["edit"]["original_message_id"] == revoke["payload"]["revoke"]["original_message_id"] == said
    assert phone.get_by_test_id("bubble").count() == 1


def test_after_a_quarter_of_an_hour_nothing_can_be_edited(simulator: Simulator, phone: Page) -> None:
    write(phone, "too late")
    expect(bubble(phone, "too late")).to_have_attribute("data-status", "delivered")
    phone.get_by_test_id("advance-61m").click()
    expect(phone.get_by_test_id("clock")).not_to_be_empty()
    wait_until("the clock moved", lambda: simulator.control("GET", "clock")["offset"] >= 3600)
    bubble(phone, "too late").hover()
    bubble(phone, "too late").get_by_label("Reply or react").click()
    expect(phone.get_by_role("button", name="Delete for everyone")).to_be_visible()
    expect(phone.get_by_role("button", name="Edit", exact=True)).to_have_count(0)


def test_a_message_is_forwarded(simulator: Simulator, phone: Page) -> None:
    simulator.send("The code is 42")
    menu(phone, bubble(phone, "The code is 42"), "Forward to the business")
    message = one(simulator)
    assert message["payload"]["context"] == {"forwarded": True}
    expect(by_id(phone, message["id"])).to_contain_text("Forwarded")


def test_a_flow_is_answered_field_by_field(simulator: Simulator, phone: Page) -> None:
    parameters = {"flow_message_version": "3", "flow_id": "800001", "flow_cta": "Rate", "flow_token": "t-1"}
    payload = {"screen": "RATE", "data": {"stars": 5, "words": ""}}
    action = {"name": "flow", "parameters": {**parameters, "flow_action": "navigate", "flow_action_payload": payload}}
    asked = simulator.offer({"type": "flow", "body": {"text": "Rate our help"}, "action": action})
    phone.get_by_test_id("flow-open").click()
    phone.get_by_label("Answer for stars").fill("4")
    phone.get_by_label("Answer for words").fill("fast")
    phone.get_by_test_id("sheet-send").click()
    message = one(simulator)["payload"]
    reply = message["interactive"]["nfm_reply"]
    assert json.loads(reply["response_json"]) == {"flow_token": "t-1", "stars": "4", "words": "fast"}
    assert message["context"]["id"] == asked
    expect(phone.get_by_test_id("flow-answer")).to_be_visible()


def test_the_phone_number_is_shared_when_the_business_asks(simulator: Simulator, phone: Page) -> None:
    ask = {"type": "request_contact_info", "body": {"text": "May we call?"}, "action": {"name": "request_contact_info"}}
    user_id = simulator.control("GET", "customers")["customers"][0]["user_id"]
    simulator.control("POST", "customers", {"user_id": user_id, "username": "ana.example", "wa_id": None})
    simulator.graph({"messaging_product": "whatsapp", "recipient": user_id, "type": "interactive", "interactive": ask})
    phone.get_by_test_id("share-number").click()
    wait_until("the card is there", lambda: simulator.said(user_id))
    [card] = simulator.said(user_id)[0]["payload"]["contacts"]
    assert card["phones"][0]["wa_id"] == ANA  # the hidden one
    assert card["origin"] == "contact_request"


def test_a_call_is_not_answered(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("call").click()
    expect(phone.get_by_test_id("call-screen")).to_contain_text("Ringing")
    phone.get_by_test_id("call-end").click()
    expect(phone.get_by_test_id("call-screen")).to_have_count(0)
    expect(bubble(phone, "Voice call")).to_contain_text("No answer")
    wait_until("both webhooks are there", lambda: len(simulator.said()) == 2)
    started, ended = [message["payload"]["call"] for message in simulator.said()]
    assert (started["event"], ended["event"], started["id"] == ended["id"]) == ("connect", "terminate", True)
    expect(phone.get_by_test_id("bubble")).to_have_count(1)
    assert re.match(r"\d+$", started["timestamp"])
