"""A picture on its whole road: from the customer's phone through WhatsApp to the agent's page, as real processes."""

from __future__ import annotations

import httpx
import pytest

from tests.support.agent import Agent
from tests.support.phone import Phone
from tests.support.stack import Stack
from tests.support.waiting import wait_until

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


@pytest.fixture
def ana(stack: Stack) -> Phone:
    return stack.phone("Ana Picture")


def send_picture(stack: Stack, phone: Phone, caption: str) -> None:
    path = f"/control/customers/{phone.key}/media"
    answer = stack.control.post(path, files={"file": ("teapot.png", PICTURE, "image/png")})
    answer.raise_for_status()
    phone.send_message({"type": "image", "image": {"id": answer.json()["id"], "caption": caption}})


def picture_of(agent: Agent, conversation_id: str) -> dict[str, object] | None:
    lines = agent.conversation(conversation_id)["transcript"]
    return next((line["media"] for line in lines if line.get("media")), None)


def test_a_picture_that_a_customer_sends_is_what_the_agent_opens(stack: Stack, ana: Phone) -> None:
    send_picture(stack, ana, "my teapot came broken")
    sam = stack.agent()
    conversation_id = sam.wait_for_conversation(ana)

    def ready() -> dict[str, object] | None:
        media = picture_of(sam, conversation_id)
        return media if media and media["status"] == "ready" else None

    media = wait_until("the picture is there", ready)
    assert media is not None and media["inline"] and media["type"] == "image/png"
    address = f"{stack.url('desk')}/media/{media['id']}"
    answer = httpx.get(address, headers={"Authorization": sam.api.headers["Authorization"]})
    assert (answer.status_code, answer.content) == (200, PICTURE)
    assert httpx.get(address).status_code == 401
