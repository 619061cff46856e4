"""What is kept of files that the bot sends: their names, never their bytes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from handoff import attachments, outbox, outbox_claims, outbox_results, tables, tracker_events
from handoff.channel import DeliveryError, Rendered
from tests.support.bridge_rig import Rig

pytest_plugins = ["tests.support.bridge_fixtures"]

BYTES = base64.b64encode(b"%PDF-1.7" + bytes(3000)).decode()
DATA = f"data:application/pdf;base64,{BYTES}"
CUT = "data:application/pdf;base64,"
INVOICE = {"type": "document", "payload": {"data": DATA, "filename": "invoice-1042.pdf"}}
MESSAGE = {"type": "document", "document": {"data": DATA, "filename": "invoice-1042.pdf", "caption": "Yours"}}


def said(attachment: Any = INVOICE, text: str | None = None) -> dict[str, Any]:
    return {"event": "bot", "text": text, "timestamp": 1.0, "data": {"attachment": attachment}, "metadata": {}}


def test_bytes_are_cut_wherever_they_are_and_nothing_else_is_touched() -> None:
    value = {"a": [DATA, {"b": f"see {DATA[:40]}", "n": 5, "x": None}], "link": "https://example.com"}
    cut = attachments.without_bytes(value)
    assert cut == {"a": [CUT, value["a"][1]], "link": "https://example.com"}
    assert value["a"][0] == DATA and attachments.without_bytes(cut) is cut


@pytest.mark.parametrize(
    ("attachment", "words"),
    [
        (INVOICE, "[document] invoice-1042.pdf"),
        ({"type": "document", "payload": {"link": "https://e.org/a.pdf", "caption": "Yours"}},
         "Yours\n[document] https://e.org/a.pdf"),
        ({"type": "document", "payload": {"filename": "x" * 9000}}, "[document] " + "x" * 240),
        ({"type": "document", "payload": {"filename": 5}}, "[document]"),
        ({"type": "document", "payload": "odd"}, "[document]"),
        ({"type": "document"}, "[document]"),
        ({"type": 5}, ""),
        ({"payload": {}}, ""),
        ("https://e.org/a.jpg", ""),
        (None, ""),
    ],
)  # fmt: skip
def test_a_file_reads_as_its_kind_and_name(attachment: Any, words: str) -> None:
    assert attachments.words_of(said(attachment)) == words


def test_the_tracker_keeps_the_name_of_a_document_and_not_its_bytes(rig: Rig) -> None:
    conversation_id = rig.receive("invoice please")
    rig.write(lambda connection: tracker_events.append(connection, conversation_id, [said(text="Here")]))
    (event,) = rig.write(lambda connection: tracker_events.load_utterances(connection, conversation_id, 10))
    payload = event["data"]["attachment"]["payload"]
    assert payload == {"data": CUT, "filename": "invoice-1042.pdf"} and BYTES not in json.dumps(event)


def queued(rig: Rig) -> outbox_claims.Delivery:
    """A document in the outbox, claimed for sending."""
    conversation_id = rig.receive("invoice please")
    row = rig.row(conversation_id)

    def work(connection: Any) -> outbox_claims.Delivery:
        outbox.add_message(
            connection, conversation_id, Rendered(MESSAGE, ""), author="bot", epoch=row["epoch"], trace_id="t",
            at=rig.clock.now,
        )  # fmt: skip
        ((delivery,), _) = outbox_claims.claim(connection, "a", rig.clock.now)
        return delivery

    return rig.write(work)


def kept(rig: Rig, delivery: outbox_claims.Delivery) -> dict[str, Any]:
    (row,) = rig.rows(tables.outbox, id=delivery.id)
    return dict(row["payload"]["document"])


def test_the_outbox_keeps_a_document_until_it_is_sent(rig: Rig) -> None:
    delivery = queued(rig)
    assert delivery.payload == MESSAGE
    rig.write(
        lambda connection: outbox_results.record_failure(
            connection, delivery, DeliveryError("x", retry=True), rig.clock.now
        )
    )
    assert kept(rig, delivery)["data"] == DATA
    rig.write(lambda connection: outbox_results.record_sent(connection, delivery, "wamid.1", rig.clock.now))
    assert kept(rig, delivery) == {"data": CUT, "filename": "invoice-1042.pdf", "caption": "Yours"}


def test_the_outbox_drops_a_document_that_cannot_be_sent(rig: Rig) -> None:
    delivery = queued(rig)
    rig.write(
        lambda connection: outbox_results.record_failure(
            connection, delivery, DeliveryError("x", retry=False), rig.clock.now
        )
    )
    assert kept(rig, delivery)["data"] == CUT
