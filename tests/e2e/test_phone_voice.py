"""Voice notes on the phone page: recording with Chromium's pretended microphone, and playing."""

from __future__ import annotations

import re
from typing import Any, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.phone_support import Simulator, by_id
from tests.support.tools import find_program, skip_without
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser

BAR = "recording"
LENGTH = """async (address) => {
  const bytes = await (await fetch(address)).arrayBuffer();
  return (await new OfflineAudioContext(1, 1, 48000).decodeAudioData(bytes)).duration;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser with a microphone that beeps, and nobody who must allow it."""
    program = find_program("chromium", "chromium-browser", "google-chrome")
    skip_without(program, "Chromium")
    media = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *media])
        yield chromium
        chromium.close()


def recorded(page: Page) -> None:
    """Wait until a second is recorded."""
    expect(page.get_by_role("timer")).to_have_text("0:01", timeout=10_000)


def voice_note(simulator: Simulator) -> dict[str, Any]:
    wait_until("the voice note is there", simulator.said)
    [message] = simulator.said()
    return message


def test_a_tap_records_until_it_is_sent_as_ogg_with_opus(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("record").click()
    recorded(phone)
    phone.get_by_test_id("recording-send").click()
    message = voice_note(simulator)
    assert message["payload"]["audio"]["voice"] is True
    assert message["payload"]["audio"]["mime_type"] == "audio/ogg; codecs=opus"
    address = f"/control/media/{message['media']['id']}"
    content = simulator.http.get(address).content
    assert content[:4] == b"OggS" and content[28:36] == b"OpusHead"
    assert phone.evaluate(LENGTH, address) > 0.9
    expect(phone.get_by_test_id(BAR)).to_be_hidden()


def test_what_is_held_is_sent_when_it_is_let_go(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("record").hover()
    phone.mouse.down()
    recorded(phone)
    phone.mouse.up()
    assert voice_note(simulator)["type"] == "audio"


def test_sliding_to_the_left_cancels(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("record").hover()
    phone.mouse.down()
    recorded(phone)
    phone.mouse.move(600, 800, steps=4)
    expect(phone.get_by_test_id(BAR)).to_be_hidden()
    phone.mouse.up()
    phone.get_by_test_id("message-input").fill("after")
    phone.get_by_test_id("send").click()
    wait_until("the text is there", simulator.said)
    assert [message["type"] for message in simulator.said()] == ["text"]


def test_the_keyboard_records_and_escape_cancels(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("record").focus()
    phone.keyboard.press("Enter")
    recorded(phone)
    expect(phone.get_by_test_id("recording-send")).to_be_focused()
    phone.keyboard.press("Escape")
    expect(phone.get_by_test_id(BAR)).to_be_hidden()
    expect(phone.get_by_test_id("record")).to_be_focused()
    assert simulator.said() == []


def test_without_a_microphone_a_sentence_says_what_to_do(simulator: Simulator, phone: Page) -> None:
    refuse = "() => Promise.reject(new DOMException('', 'NotFoundError'))"
    phone.evaluate(f"() => {{ navigator.mediaDevices.getUserMedia = {refuse}; }}")
    phone.get_by_test_id("record").click()
    expect(phone.get_by_test_id("composer-note")).to_contain_text("There is no microphone on this machine.")
    expect(phone.get_by_test_id("message-input")).to_be_visible()


def test_a_voice_note_of_the_business_shows_its_wave_and_plays(simulator: Simulator, phone: Page) -> None:
    phone.get_by_test_id("record").click()
    recorded(phone)
    phone.get_by_test_id("recording-send").click()
    content = simulator.http.get(f"/control/media/{voice_note(simulator)['media']['id']}").content
    media = simulator.upload(content, "audio/ogg", "voice.ogg")
    note = by_id(phone, simulator.post("audio", {"id": media, "voice": True}))
    expect(note.get_by_test_id("play-time")).to_have_text(re.compile("0:0[1-9]"))
    heights = note.locator(".wave i").evaluate_all("bars => bars.map((bar) => parseFloat(bar.style.height))")
    assert max(heights) == 100 and min(heights) < 50  # a beep, and silence between
    note.get_by_role("button", name="Play the voice message").click()
    expect(note.get_by_role("button", name="Pause")).to_be_visible()
    expect(note).to_have_attribute("data-status", "played")
    simulator.post("text", {"body": "while it plays"})  # what comes meanwhile does not stop it
    expect(note.locator(".wave i.played").last).to_be_visible()
    expect(note.get_by_role("button", name="Play the voice message")).to_be_visible(timeout=15_000)


def test_sound_that_is_no_voice_note_looks_like_a_file(simulator: Simulator, phone: Page) -> None:
    media = simulator.upload(b"ID3" + bytes(2000), "audio/mpeg", "song.mp3")
    note = by_id(phone, simulator.post("audio", {"id": media}))
    expect(note.get_by_test_id("audio")).to_be_visible()
    expect(note.get_by_test_id("voice")).to_have_count(0)
