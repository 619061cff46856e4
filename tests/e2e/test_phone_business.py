"""Every type of message that a business sends, as the customer sees it on the phone page."""

from __future__ import annotations

import base64
import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.phone_support import ANA, Simulator, bubble, by_id, picture
from tests.support.waiting import wait_until
from tests.unit.simulator_rig import ACCOUNT, TOKEN

pytestmark = pytest.mark.browser

# Half a second of film, made by the browser itself: an MP4 of a canvas that changes.
FILM = """async () => {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/mp4" });
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const ended = new Promise((resolve) => { recorder.onstop = resolve; });
  recorder.start();
  for (let frame = 0; frame < 30; frame += 1) {
    pen.fillStyle = `hsl(${frame * 12} 60% 50%)`;
    pen.fillRect(0, 0, 300, 150);
    await new Promise(requestAnimationFrame);
  }
  recorder.stop();
  await ended;
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
}"""


def loaded(page: Page, selector: str) -> None:
    """Wait until a picture has come."""
    page.wait_for_function("name => document.querySelector(name)?.naturalWidth > 0", arg=selector)


def test_a_picture_shows_its_caption_and_opens_large(simulator: Simulator, phone: Page) -> None:
    media = simulator.upload(picture(), "image/png", "parcel.png")
    sent = simulator.post("image", {"id": media, "caption": "The *parcel*"})
    loaded(phone, f'[data-id="{sent}"] .picture')
    expect(by_id(phone, sent).locator(".words strong")).to_have_text("parcel")
    by_id(phone, sent).get_by_role("button", name="Open the picture").click()
    expect(phone.get_by_test_id("viewer").locator("img")).to_be_visible()
    phone.keyboard.press("Escape")
    expect(phone.get_by_test_id("viewer")).to_have_count(0)
    expect(by_id(phone, sent).get_by_role("button", name="Open the picture")).to_be_focused()


def test_a_picture_that_cannot_be_had_says_so(simulator: Simulator, phone: Page) -> None:
    sent = simulator.post("image", {"link": f"{simulator.address}/nothing.png"})
    expect(by_id(phone, sent)).to_contain_text("The picture could not be loaded")


def test_a_film_shows_its_length_and_plays_large(simulator: Simulator, phone: Page) -> None:
    media = simulator.upload(base64.b64decode(phone.evaluate(FILM)), "video/mp4", "fold.mp4")
    sent = simulator.post("video", {"id": media, "caption": "How to fold it"})
    expect(by_id(phone, sent).locator(".film-time")).to_have_text(re.compile(r"0:0\d"))
    by_id(phone, sent).get_by_test_id("video").click()
    phone.wait_for_function("() => document.querySelector('.viewer video')?.currentTime > 0")


def test_a_document_shows_its_name_kind_and_size_and_opens(simulator: Simulator, phone: Page) -> None:
    content = b"%PDF-1.7" + bytes(48_992)
    media = simulator.upload(content, "application/pdf", "invoice-1042.pdf")
    simulator.post("document", {"id": media, "filename": "invoice-1042.pdf", "caption": "Here is your *invoice*."})
    document = bubble(phone, "Here is your invoice.").get_by_test_id("document")
    expect(document).to_have_accessible_name("invoice-1042.pdf PDF \u00b7 49 kB")
    opened = phone.request.get(f"{simulator.address}{document.get_attribute('href')}")
    assert (opened.body(), opened.headers["content-type"]) == (content, "application/pdf")


def test_a_place_is_drawn_with_a_pin_and_asks_no_map_server(simulator: Simulator, phone: Page) -> None:
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    place = {"latitude": 51.5033, "longitude": -0.1196, "name": "Riverside Depot", "address": "1 Example Quay"}
    card = by_id(phone, simulator.post("location", place)).get_by_test_id("place")
    expect(card).to_have_text("Riverside Depot1 Example Quay")
    expect(card.locator(".map-pin")).to_be_visible()
    assert card.locator(".map-street").count() > 5
    other = by_id(phone, simulator.post("location", {"latitude": 52.3745, "longitude": 4.8979})).get_by_test_id("place")
    expect(other).to_have_text("Current position52.3745, 4.8979")
    assert other.locator(".map > svg").inner_html() != card.locator(".map > svg").inner_html()
    assert all(url.startswith(simulator.address) for url in asked)


def test_a_link_is_shown_as_a_card_only_when_the_business_asks_for_it(simulator: Simulator, phone: Page) -> None:
    with_card = simulator.post("text", {"body": "Track it: https://www.example.com/t/42", "preview_url": True})
    expect(by_id(phone, with_card).get_by_test_id("link-card")).to_have_text("example.com/t/42")
    without = simulator.post("text", {"body": "Track it: https://www.example.com/t/42"})
    expect(by_id(phone, without).get_by_test_id("link-card")).to_have_count(0)


def test_a_long_text_is_folded_until_it_is_read(simulator: Simulator, phone: Page) -> None:
    text = "A word and a half. " * 215
    sent = simulator.send(text)
    words = by_id(phone, sent).locator(".words")
    words.get_by_test_id("read-more").click()
    assert words.inner_text().strip() == text.strip()
    simulator.send("And another")  # what comes later does not fold it again
    expect(bubble(phone, "And another")).to_be_visible()
    expect(words.get_by_test_id("read-more")).to_have_count(0)


@pytest.mark.parametrize(
    "text", ["\U0001f44d", "\U0001f44b\U0001f3fd\U0001f468\u200d\U0001f469\u200d\U0001f467\u2764\ufe0f"]
)
def test_nothing_but_a_few_emoji_is_large(simulator: Simulator, phone: Page, text: str) -> None:
    words = by_id(phone, simulator.send(text)).locator(".words")
    assert float(words.evaluate("words => parseFloat(getComputedStyle(words).fontSize)")) > 30


def test_right_to_left_text_and_words_without_end_stay_in_the_bubble(simulator: Simulator, phone: Page) -> None:
    arabic = by_id(phone, simulator.send("\u0637\u0644\u0628\u0643 \u0641\u064a \u0627\u0644\u0637\u0631\u064a\u0642"))
    assert arabic.locator(".words").evaluate("words => getComputedStyle(words).direction") == "rtl"
    simulator.send("w" * 400)
    expect(bubble(phone, "wwww")).to_be_visible()
    thread = phone.get_by_test_id("thread")
    assert thread.evaluate("thread => thread.scrollWidth - thread.clientWidth") == 0


def test_the_business_quotes_and_reacts(simulator: Simulator, phone: Page) -> None:
    asked = simulator.does(type="text", text="Is Tuesday possible?")
    simulator.post("text", {"body": "It is."}, context={"message_id": asked})
    quote = bubble(phone, "It is.").locator(".quote")
    expect(quote).to_have_text("YouIs Tuesday possible?")
    simulator.post("reaction", {"message_id": asked, "emoji": "\u2705"})
    expect(by_id(phone, asked).get_by_test_id("reaction")).to_have_text("\u2705")
    simulator.post("reaction", {"message_id": asked, "emoji": ""})
    expect(by_id(phone, asked).get_by_test_id("reaction")).to_have_count(0)


def test_a_quote_of_a_picture_shows_the_picture_and_leads_to_it(simulator: Simulator, phone: Page) -> None:
    media = simulator.upload(picture(), "image/png", "parcel.png")
    sent = simulator.post("image", {"id": media})
    for number in range(30):
        simulator.send(f"message {number}")
    simulator.does(type="text", text="that one", context=sent)
    quote = bubble(phone, "that one").locator(".quote")
    expect(quote).to_have_text("MarigoldPhoto")
    expect(quote.locator("img")).to_be_visible()
    expect(by_id(phone, sent)).not_to_be_in_viewport()
    quote.click()
    expect(by_id(phone, sent)).to_be_in_viewport()


def test_reply_buttons_and_lists_show_header_body_and_footer(simulator: Simulator, phone: Page) -> None:
    media = f"{simulator.address}/static/favicon.svg"
    header = {"type": "image", "image": {"link": media}}
    buttons = [{"type": "reply", "reply": {"id": "/yes", "title": "Yes"}}]
    parts = {"body": {"text": "Sure?"}, "footer": {"text": "Mon-Fri 9-17"}, "action": {"buttons": buttons}}
    sent = simulator.offer({"type": "button", "header": header, **parts})
    loaded(phone, f'[data-id="{sent}"] .picture')
    expect(by_id(phone, sent).locator(".bubble-foot")).to_contain_text("Mon-Fri 9-17")
    expect(by_id(phone, sent).get_by_test_id("reply-button")).to_have_text("Yes")


def test_a_request_for_a_place_is_answered_with_the_chosen_one(simulator: Simulator, phone: Page) -> None:
    asked = simulator.offer(
        {"type": "location_request_message", "body": {"text": "Where are you?"}, "action": {"name": "send_location"}}
    )
    phone.get_by_test_id("send-location").click()
    phone.get_by_test_id("place-choice").filter(has_text="Tulip Street").click()
    expect(phone.get_by_test_id("place")).to_contain_text("Tulip Street 12")
    wait_until("the place is there", simulator.said)
    message = simulator.said()[0]["payload"]
    assert (message["type"], message["context"]["id"]) == ("location", asked)
    assert message["location"]["latitude"] == 52.3745


def test_a_link_button_leads_where_it_says_and_nowhere_else(simulator: Simulator, phone: Page) -> None:
    parameters = {"display_text": "Open booking", "url": "https://example.com/b/42"}
    action = {"name": "cta_url", "parameters": parameters}
    simulator.offer({"type": "cta_url", "body": {"text": "Manage it"}, "action": action})
    link = phone.get_by_test_id("link-button")
    expect(link).to_have_attribute("href", "https://example.com/b/42")
    expect(link).to_have_attribute("rel", "noopener noreferrer")


def test_what_the_customer_edited_or_deleted_elsewhere_changes_on_the_phone(simulator: Simulator, phone: Page) -> None:
    typo = simulator.does(type="text", text="I am at hoem")
    expect(by_id(phone, typo)).to_contain_text("hoem")
    simulator.does(type="edit", message_id=typo, text="I am at home")
    expect(by_id(phone, typo).locator(".words")).to_have_text("I am at home")
    expect(by_id(phone, typo).locator(".meta")).to_contain_text("Edited")
    simulator.does(type="revoke", message_id=typo)
    expect(by_id(phone, typo).locator(".words")).to_have_text("You deleted this message")
    assert phone.get_by_test_id("bubble").count() == 1


def test_a_form_that_was_answered_elsewhere_and_a_poll_have_bubbles(simulator: Simulator, phone: Page) -> None:
    form = simulator.does(type="flow_reply", response={"rating": "4"})
    expect(by_id(phone, form)).to_contain_text("Response sent")
    poll = simulator.does(type="unsupported")
    expect(by_id(phone, poll)).to_contain_text("Poll")
    assert json.loads(simulator.said()[0]["payload"]["interactive"]["nfm_reply"]["response_json"]) == {"rating": "4"}
    assert ANA in phone.url


def test_a_template_shows_its_parts_and_a_quick_reply_answers(simulator: Simulator, phone: Page) -> None:
    media = simulator.upload(picture(), "image/png", "parcel.png")
    components = [
        {"type": "header", "parameters": [{"type": "image", "image": {"id": media}}]},
        {"type": "body", "parameters": [{"type": "text", "parameter_name": "case_id", "text": "C-42"}]},
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "0",
            "parameters": [{"type": "payload", "payload": "/reopen"}],
        },
    ]
    template = {"name": "case_update", "language": {"code": "en_US"}, "components": components}
    sent = simulator.post("template", template)
    loaded(phone, f'[data-id="{sent}"] .picture')
    expect(by_id(phone, sent).locator(".words")).to_contain_text("C-42")
    button = by_id(phone, sent).get_by_test_id("quick-reply")
    label = button.inner_text()
    button.click()
    wait_until("the answer is there", simulator.said)
    message = simulator.said()[0]["payload"]
    assert message["button"] == {"payload": "/reopen", "text": label}
    assert message["context"]["id"] == sent
    expect(by_id(phone, message["id"])).to_contain_text(label)


def test_a_template_has_links_and_codes_to_copy(simulator: Simulator, phone: Page) -> None:
    phone.context.grant_permissions(["clipboard-read", "clipboard-write"])
    buttons = [
        {
            "type": "URL",
            "text": "See the offer",
            "url": "https://example.com/{{1}}",
            "example": ["https://example.com/x"],
        },
        {"type": "COPY_CODE", "example": "SPRING10"},
    ]
    body = {"type": "BODY", "text": "Ten percent off."}
    new = {"name": "code_offer", "language": "en", "category": "MARKETING"}
    account = simulator.http.post(
        f"/v23.0/{ACCOUNT}/message_templates",
        json={**new, "components": [body, {"type": "BUTTONS", "buttons": buttons}]},
        headers={"Authorization": f"Bearer {TOKEN}"},
    )
    account.raise_for_status()
    simulator.control("POST", "templates/code_offer", {"status": "APPROVED"})
    components = [
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "spring"}]},
        {
            "type": "button",
            "sub_type": "copy_code",
            "index": "1",
            "parameters": [{"type": "coupon_code", "coupon_code": "SPRING25"}],
        },
    ]
    simulator.post("template", {"name": "code_offer", "language": {"code": "en"}, "components": components})
    expect(phone.get_by_test_id("link-button")).to_have_attribute("href", "https://example.com/spring")
    phone.get_by_test_id("copy-code").click()
    expect(phone.get_by_test_id("copy-code")).to_have_text("Copied")
    assert phone.evaluate("navigator.clipboard.readText()") == "SPRING25"
