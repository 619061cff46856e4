"""What happens on the desk to a line after it was said, and what a line shows besides words."""

from __future__ import annotations

import re
import uuid
from typing import Any, Iterator

import httpx
import pytest

from handoff import protocol
from tests.unit.desk_support import PASSWORD, DeskUnderTest
from tests.unit.test_desk_access import sign_in
from tests.unit.test_desk_media import file

SECRET_WORDS = "my card is 4929"


@pytest.fixture
def agent(desk: DeskUnderTest) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk.process.url, timeout=20) as client:
        assert sign_in(client, "sam@example.com", PASSWORD).status_code == 303
        yield client


class Talk:
    """One conversation on the desk, as the bridge tells of it."""

    def __init__(self, desk: DeskUnderTest, agent: httpx.Client, **more: Any) -> None:
        self.desk, self.agent = desk, agent
        self.id = desk.waiting(**more)

    def say(self, text: str, **more: Any) -> str:
        message_id = uuid.uuid4().hex
        answer = self.desk.calls.say(self.id, f"handoff-{self.id}", text, message_id=message_id, **more)
        assert answer.status_code == 200
        return message_id

    def later(self, kind: str, **data: Any) -> None:
        assert self.desk.calls.send(kind, self.id, f"handoff-{self.id}", data).status_code == 200

    def line(self, message_id: str) -> dict[str, Any]:
        lines = self.desk.sam.get(self.id)["transcript"]
        return next(line for line in lines if line["message_id"] == message_id)

    @property
    def page(self) -> str:
        return self.agent.get(f"/conversations/{self.id}").text

    @property
    def unread(self) -> int:
        return int(self.desk.sam.get(self.id)["unread"])


@pytest.fixture
def talk(desk: DeskUnderTest, agent: httpx.Client) -> Talk:
    return Talk(desk, agent)


def test_a_reaction_is_shown_on_its_bubble_replaced_and_removed_and_is_nothing_unread(talk: Talk) -> None:
    message_id, unread = talk.say("thanks", author="bot"), talk.unread
    for emoji in ("👍", "❤️", None):
        talk.later(protocol.MESSAGE_REACTION, message_id=message_id, emoji=emoji, author="bot", text="thanks")
        assert re.findall(r'aria-label="Reaction: ([^"]+)"', talk.page) == ([emoji] if emoji else [])
    assert talk.unread == unread


def test_a_reaction_to_what_the_bot_said_before_the_handoff_finds_it_by_its_words(talk: Talk) -> None:
    talk.later(
        protocol.MESSAGE_REACTION, message_id="of the outbox", emoji="👎", text="Sorry.\n\nI will ask a colleague."
    )
    found = re.search(r'<p class="text" dir="auto">I will ask a colleague\..*?</li>', talk.page, re.DOTALL)
    assert found and "Reaction: 👎" in found.group()


def test_an_edited_message_shows_the_new_words_and_keeps_the_first_ones(talk: Talk) -> None:
    message_id, unread = talk.say("order 1042"), talk.unread
    for text in ("order 1043", "order 1044"):
        talk.later(protocol.MESSAGE_EDITED, message_id=message_id, text=text, at=2.0)
    page = talk.page
    assert "order 1044" in page and "Edited" in page and "Before: order 1042" in page and "order 1043" not in page
    assert talk.unread > unread
    assert talk.desk.sam.get(talk.id)["last_text"] == "order 1044"


def test_a_deleted_message_is_blank_wherever_its_words_were(desk: DeskUnderTest, agent: httpx.Client) -> None:
    media = file()
    known = {"author": "customer", "text": SECRET_WORDS, "at": 5.0, "message_id": "m-secret", "media": media}
    talk = Talk(
        desk, agent, transcript=[known], summary=f"Other: “{SECRET_WORDS}”",
        turns=[{"text": SECRET_WORDS, "intent": None, "confidence": None, "at": 5.0}],
    )  # fmt: skip
    assert SECRET_WORDS in talk.page
    desk.bridge.files[media["id"]] = b"x"
    assert agent.get(f"/media/{media['id']}").status_code == 200
    talk.later(protocol.MESSAGE_DELETED, message_id="m-secret", at=9.0)
    assert SECRET_WORDS not in talk.page and "The customer deleted this message" in talk.page
    assert SECRET_WORDS not in str(desk.sam.get(talk.id))
    assert agent.get(f"/media/{media['id']}").status_code == 404
    changed = {"message_id": "m-secret", "media": media}
    talk.later(protocol.MEDIA_CHANGED, **changed)
    talk.later(protocol.MESSAGE_EDITED, message_id="m-secret", text=SECRET_WORDS, at=10.0)
    assert SECRET_WORDS not in talk.page and agent.get(f"/media/{media['id']}").status_code == 404


def test_what_is_answered_stands_above_the_answer(talk: Talk) -> None:
    talk.say("this one", quoted={"message_id": "m", "author": "human", "text": "Which colour?"})
    talk.say("and this", quoted={"message_id": None, "author": None, "text": None})
    first, second = re.findall(r'data-testid="quoted">(.*?)</blockquote>', talk.page)
    assert "Agent" in first and "Which colour?" in first and "not on this desk" in second


def test_notes_of_the_system_wait_for_nobody(talk: Talk) -> None:
    unread = talk.unread
    talk.say("The customer tried to call", author="system")
    talk.say("The customer wants no more news", author="system", opted_out=True)
    page = talk.page
    assert page.count('data-testid="system-line"') == 2 and "opted out of messages" in page
    assert talk.unread == unread
    talk.say("The customer wants news again", author="system", opted_out=False)
    assert "opted out of messages" not in talk.page


def test_an_advertisement_is_told_on_the_card_and_its_address_is_only_a_link_when_it_is_one(
    desk: DeskUnderTest, agent: httpx.Client
) -> None:
    referral = {"headline": "Spring offer", "text": "Ask us", "url": "https://example.com/ad", "kind": "ad"}
    assert 'href="https://example.com/ad"' in Talk(desk, agent, referral=referral).page
    page = Talk(desk, agent, referral={**referral, "url": "javascript:alert(1)"}).page
    assert "Spring offer" in page and "javascript:" not in page
