"""The outbox: sent in order, tried again, refused when the floor has moved, given up visibly, and told to the agent."""

from __future__ import annotations

from typing import Any

import pytest

from handoff import floor, outbox, outbox_claims, outbox_results, protocol, tables
from handoff.channel import DeliveryError, Receipt
from handoff.outbox_claims import Delivery
from tests.support.bridge_rig import NUMBER, Rig, Server, Work

pytest_plugins = ["tests.support.bridge_fixtures"]

LATER = DeliveryError("Not now.", retry=True, code=131056)
NEVER = DeliveryError("This number is not on WhatsApp.", retry=False, code=131026)
SILENCE = DeliveryError("No answer came.", retry=True, unknown=True)


def with_person(rig: Rig) -> tuple[str, Server]:
    """A conversation that a person has, with nothing left to send."""
    conversation_id = rig.receive("person please")
    one = rig.server()
    rig.settle(one)
    rig.channel.accepted.clear()
    return conversation_id, one


def claim(rig: Rig, name: str = "a") -> list[Delivery]:
    return rig.write(lambda connection: outbox_claims.claim(connection, name, rig.clock.now))[0]


def fail(rig: Rig, delivery: Delivery, error: DeliveryError) -> bool:
    return rig.write(lambda connection: outbox_results.record_failure(connection, delivery, error, rig.clock.now))


def sent(rig: Rig, delivery: Delivery, provider_id: str | None = "wamid.1") -> None:
    rig.write(lambda connection: outbox_results.record_sent(connection, delivery, provider_id, rig.clock.now))


def receipt(rig: Rig, provider_id: str, status: str, **other: Any) -> None:
    told = Receipt(NUMBER, provider_id, status, rig.clock.now, **other)
    rig.write(lambda connection: outbox_results.apply_receipt(connection, told, rig.clock.now))


def statuses(rig: Rig, conversation_id: str) -> list[str]:
    return [data["status"] for data in rig.told(conversation_id, protocol.MESSAGE_STATUS)]


def row(rig: Rig, delivery: Delivery) -> dict[str, Any]:
    return rig.rows(tables.outbox, id=delivery.id)[0]


def test_a_lane_waits_for_its_first_message_and_other_conversations_do_not(rig: Rig) -> None:
    first, second = (rig.receive("twice", rig.address(phone)) for phone in ("441", "442"))
    one = rig.server()
    for conversation_id in (first, second):
        one.turns(conversation_id).run()
    deliveries = claim(rig)
    assert {delivery.conversation_id for delivery in deliveries} == {first, second}
    assert len(deliveries) == 2 and not claim(rig, "b")
    fail(rig, deliveries[0], LATER)
    sent(rig, deliveries[1])
    assert [delivery.conversation_id for delivery in claim(rig)] == [deliveries[1].conversation_id]


def test_pauses_grow_up_to_a_minute_and_the_channels_own_wish_is_respected(rig: Rig) -> None:
    rig.receive("hello")
    rig.work(rig.server())
    rig.channel.accepted.clear()
    rig.receive("hello", rig.address("442"))
    rig.server().turns(rig.rows(tables.conversations)[-1]["id"]).run()
    for conversation in rig.rows(tables.conversations):
        rig.server().turns(conversation["id"]).run()
    pauses = []
    for _ in range(10):
        (delivery,) = claim(rig)
        assert fail(rig, delivery, LATER)
        pauses.append(row(rig, delivery)["next_try_at"] - rig.clock.now)
        rig.clock.now += pauses[-1]
    assert pauses[0] <= 1.0 and 30.0 <= pauses[-1] <= 60.0
    (delivery,) = claim(rig)
    fail(rig, delivery, DeliveryError("Slow down.", retry=True, retry_after=300))
    assert row(rig, delivery)["next_try_at"] - rig.clock.now == pytest.approx(300)


def test_what_cannot_be_sent_is_a_dead_letter_at_once_and_the_agent_is_told_why(rig: Rig) -> None:
    conversation_id, one = with_person(rig)
    rig.say(conversation_id)
    rig.say(conversation_id, "and this")
    rig.channel.answer = iter([NEVER, None]).__next__
    rig.settle(one)
    assert [line["status"] for line in rig.outbox(conversation_id)[-2:]] == ["dead", "sent"]
    assert statuses(rig, conversation_id) == ["failed", "sent"]
    error = rig.told(conversation_id, protocol.MESSAGE_STATUS)[0]["error"]
    assert error == {"code": "131026", "message": "This number is not on WhatsApp."}


def test_an_error_that_is_tried_a_few_times_only_lets_those_behind_it_pass(rig: Rig) -> None:
    conversation_id, one = with_person(rig)
    rig.say(conversation_id)
    rig.say(conversation_id, "and this")
    vague = DeliveryError("Something went wrong.", retry=True, code=131000, tries=3)
    rig.channel.answer = iter([vague, vague, vague, None]).__next__
    for _ in range(3):
        rig.settle(one)
        rig.clock.now += 60
    rig.settle(one)
    assert [line["status"] for line in rig.outbox(conversation_id)[-2:]] == ["dead", "sent"]
    assert statuses(rig, conversation_id) == ["failed", "sent"]


def test_what_waits_for_the_operator_goes_out_in_order_when_they_have_acted(rig: Rig) -> None:
    conversation_id, one = with_person(rig)
    rig.say(conversation_id, "first")
    rig.say(conversation_id, "second")
    expired = DeliveryError("The token has expired.", retry=True, code=190, retry_after=30, operator=True)
    for _ in range(100):
        (delivery,) = (each for each in claim(rig) if each.lane == outbox.CUSTOMER)
        assert "first" in str(delivery.payload)
        assert fail(rig, delivery, expired)
        rig.clock.now += 61
    rig.settle(one)
    assert [line["status"] for line in rig.outbox(conversation_id)[-2:]] == ["sent", "sent"]
    assert statuses(rig, conversation_id) == ["sent", "sent"]


def test_an_event_for_the_agents_is_never_given_up(rig: Rig) -> None:
    conversation_id, one = with_person(rig)
    rig.receive("are you there?")
    one.turns(conversation_id).run()
    rig.clock.now += 3 * 24 * 3600
    (delivery,) = claim(rig)
    assert delivery.lane == outbox.AGENT and fail(rig, delivery, LATER)
    rig.clock.now += 30 * 24 * 3600
    rig.settle(one)
    assert {line["status"] for line in rig.outbox(conversation_id, outbox.AGENT)} == {"sent"}


def test_an_unknown_send_waits_for_a_status_and_is_not_sent_again_when_one_comes(rig: Rig) -> None:
    rig.receive("hello")
    rig.server().turns(rig.rows(tables.conversations)[0]["id"]).run()
    (delivery,) = claim(rig)
    fail(rig, delivery, SILENCE)
    assert row(rig, delivery)["next_try_at"] - rig.clock.now >= outbox_claims.STATUS_GRACE_SECONDS
    assert row(rig, delivery)["unknown_sends"] == 1
    receipt(rig, "wamid.9", "delivered", outbox_id=delivery.id)
    rig.clock.now += 100
    assert not claim(rig)
    assert (row(rig, delivery)["status"], row(rig, delivery)["provider_id"]) == ("sent", "wamid.9")


def test_a_failure_that_a_status_has_refuted_is_void(rig: Rig) -> None:
    conversation_id, _ = with_person(rig)
    rig.say(conversation_id)
    (delivery,) = claim(rig)
    receipt(rig, "wamid.9", "delivered", outbox_id=delivery.id)
    fail(rig, delivery, NEVER)
    assert (row(rig, delivery)["status"], row(rig, delivery)["delivery"]) == ("sent", "delivered")
    assert statuses(rig, conversation_id) == ["delivered"]


def test_a_claim_that_ran_out_is_taken_over_and_counted_as_unknown(rig: Rig) -> None:
    rig.receive("hello")
    rig.server().turns(rig.rows(tables.conversations)[0]["id"]).run()
    (first,) = claim(rig, "a")
    rig.clock.now += outbox_claims.CLAIM_SECONDS - 1
    assert not claim(rig, "b")
    rig.clock.now += 1
    (second,) = claim(rig, "b")
    assert first.id == second.id and row(rig, first)["unknown_sends"] == 1


def test_a_failure_that_is_told_after_another_server_took_over_is_void(rig: Rig) -> None:
    rig.receive("twice")
    rig.server().turns(rig.rows(tables.conversations)[0]["id"]).run()
    (first,) = claim(rig, "a")
    rig.clock.now += outbox_claims.CLAIM_SECONDS + 1  # the first server could not reach the database
    (second,) = claim(rig, "b")
    assert fail(rig, first, NEVER) is False
    assert (row(rig, first)["status"], row(rig, first)["claimed_by"]) == ("sending", "b")
    assert not claim(rig, "a")
    sent(rig, second)
    assert row(rig, first)["status"] == "sent"


def test_a_message_that_was_sent_is_not_claimed_although_its_claim_ran_out(rig: Rig) -> None:
    rig.receive("hello")
    rig.server().turns(rig.rows(tables.conversations)[0]["id"]).run()
    (delivery,) = claim(rig)
    sent(rig, delivery)
    rig.clock.now += 10 * outbox_claims.CLAIM_SECONDS
    assert not claim(rig)


def test_what_a_dead_server_was_sending_is_sent_again_after_a_moment(rig: Rig) -> None:
    rig.receive("hello")
    rig.server().turns(rig.rows(tables.conversations)[0]["id"]).run()
    (delivery,) = claim(rig, "a")
    released = rig.write(
        lambda connection: outbox_claims.release_claims_of(connection, lambda names: ["a"], rig.clock.now)
    )
    assert released == 1 and not claim(rig, "b")
    rig.clock.now += outbox_claims.STATUS_GRACE_SECONDS
    assert [again.id for again in claim(rig, "b")] == [delivery.id]
    assert row(rig, delivery)["unknown_sends"] == 1


def test_states_move_forward_only(rig: Rig) -> None:
    conversation_id, one = with_person(rig)
    rig.say(conversation_id)
    rig.settle(one)
    provider_id = rig.outbox(conversation_id)[-1]["provider_id"]
    for status in ("read", "delivered", "sent", "read", "delivered"):
        receipt(rig, provider_id, status)
    assert rig.outbox(conversation_id)[-1]["delivery"] == "read"
    assert statuses(rig, conversation_id) == ["sent", "read"]


def test_a_status_that_comes_before_the_answer_is_kept_for_it(rig: Rig) -> None:
    conversation_id, _ = with_person(rig)
    rig.say(conversation_id)
    (delivery,) = claim(rig)
    for status in ("delivered", "sent"):
        receipt(rig, "wamid.early", status)
    sent(rig, delivery, "wamid.early")
    assert row(rig, delivery)["delivery"] == "delivered"
    assert statuses(rig, conversation_id) == ["sent", "delivered"]
    assert not rig.rows(tables.early_receipts)


def test_what_is_told_of_messages_that_were_never_ours_is_forgotten_after_a_day(rig: Rig) -> None:
    receipt(rig, "wamid.a", "delivered")
    rig.clock.now += 24 * 3600.0
    receipt(rig, "wamid.b", "delivered")
    assert len(rig.rows(tables.early_receipts)) == 2
    rig.clock.now += 1
    receipt(rig, "wamid.c", "delivered")
    assert [kept["provider_id"] for kept in rig.rows(tables.early_receipts)] == ["wamid.b", "wamid.c"]


def test_a_message_that_failed_after_it_was_taken_is_told_with_its_reason(rig: Rig) -> None:
    conversation_id, one = with_person(rig)
    rig.say(conversation_id)
    rig.settle(one)
    provider_id = rig.outbox(conversation_id)[-1]["provider_id"]
    receipt(rig, provider_id, "failed", error_code=131047, error="The window has closed.")
    data = rig.told(conversation_id, protocol.MESSAGE_STATUS)[-1]
    assert data["status"] == "failed" and data["error"] == {"code": "131047", "message": "The window has closed."}
    assert data["command_id"] == rig.outbox(conversation_id)[-1]["command_id"]


def test_a_refused_message_is_returned_to_the_agent_with_the_reason(rig: Rig) -> None:
    conversation_id = rig.receive("person please")
    one = rig.server()
    one.turns(conversation_id).run()
    rig.say(conversation_id, "hello, this is Sam")  # behind the bot's words, which are not sent yet
    rig.receive("Stay", payload="/continue_with_bot", kind="button")
    one.turns(conversation_id).run()
    rig.settle(one)
    assert [line["status"] for line in rig.outbox(conversation_id) if line["author"] == "human"] == ["refused"]
    (data,) = rig.told(conversation_id, protocol.MESSAGE_STATUS)
    assert (data["status"], data["error"]["code"]) == ("refused", "stale_floor")
    assert "changed hands" in data["error"]["message"]
    assert not [text for _, text in rig.channel.accepted if "Sam" in text]


def test_words_of_one_who_leaves_by_itself_still_go_out(rig: Rig) -> None:
    conversation_id = rig.receive("hello")
    rig.receive("person please")
    one = rig.server()
    one.turns(conversation_id).run()
    rig.say(conversation_id, "solved")
    rig.resolve(conversation_id)
    rig.settle(one)
    said = [text for _, text in rig.channel.accepted]
    assert said[:3] == ["re:wamid.in.1", "re:wamid.in.2", "*Sam:*\nsolved"]
    assert {line["status"] for line in rig.outbox(conversation_id)} == {"sent"}


def test_bot_messages_are_not_told_to_the_agents(rig: Rig) -> None:
    conversation_id = rig.receive("hello")
    rig.settle(rig.server())
    assert not rig.outbox(conversation_id, outbox.AGENT)


def test_a_request_that_the_agents_took_is_queued_and_their_absence_is_told_once(rig: Rig) -> None:
    conversation_id = rig.receive("person please")
    one = rig.server()
    rig.agents.answer = lambda: LATER
    for _ in range(3):
        rig.work(one)
        rig.clock.now += 31
        one.sweep()
    assert rig.rows(tables.handoffs)[0]["state"] == floor.REQUESTED
    told = [line for line in rig.outbox(conversation_id) if line["payload"]["text"] == "utter_nobody_reached"]
    assert len(told) == 1 and told[0]["author"] == floor.SYSTEM
    rig.agents.answer = lambda: None
    rig.settle(one)
    assert rig.rows(tables.handoffs)[0]["state"] == floor.QUEUED
    assert one.sweep() == 0


def test_a_handoff_that_nobody_takes_expires_and_the_bot_speaks_again(rig: Rig) -> None:
    conversation_id, one = with_person(rig)
    rig.channel.accepted.clear()
    rig.clock.now += 23.5 * 3600 + 1  # the window of their only message is still open
    assert one.sweep() == 1
    rig.settle(one)
    assert rig.row(conversation_id)["owner"] == floor.BOT
    assert rig.told(conversation_id, protocol.HANDOFF_CANCELLED)[0]["by"] == "expired"
    assert [text.split(":")[1] for _, text in rig.channel.accepted] == ["returned"]


def test_a_long_handoff_that_goes_back_into_the_queue_has_its_own_day_to_be_taken(rig: Rig) -> None:
    conversation_id, one = with_person(rig)
    handoff_id = rig.row(conversation_id)["handoff_id"]
    rig.command(protocol.AGENT_JOINED, conversation_id, handoff_id)
    rig.clock.now += 30 * 3600
    rig.command(protocol.HANDOFF_TRANSFERRED, conversation_id, handoff_id, to=None, reason="my shift ends")
    one.sweep()
    assert rig.row(conversation_id)["owner"] == floor.HUMAN
    rig.clock.now += 24 * 3600 + 1
    one.sweep()
    assert rig.row(conversation_id)["owner"] == floor.BOT


def test_a_send_that_breaks_in_our_own_code_is_tried_again(rig: Rig) -> None:
    conversation_id = rig.receive("hello")
    one = rig.server()
    one.turns(conversation_id).run()

    def defect() -> Exception | None:
        return ValueError("a defect")

    rig.channel.answer = defect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("handoff.dispatcher.log.exception", lambda *_, **__: None, raising=False)
        for send in one.cycle():
            send.run()
    rig.channel.answer = lambda: None
    Work(one.dispatcher._record_and_claim(claim=False)).run()
    (line,) = rig.outbox(conversation_id)
    assert (line["status"], line["unknown_sends"]) == ("pending", 1)
    rig.settle(one)
    assert rig.outbox(conversation_id)[0]["status"] == "sent"
