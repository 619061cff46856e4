"""Documents in responses: each becomes a message within WhatsApp's limits, or text, and never a failure."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from connectors import whatsapp_documents
from connectors.whatsapp_documents import FILENAME_LIMIT, SIZE_LIMIT, NotADocument, file_name, read_data
from connectors.whatsapp_outbound import RenderOptions, render
from tests.unit.whatsapp_support import message_validator

PDF = b"%PDF-1.7\n1 0 obj\n"
LINK = "https://example.com/papers/invoice%201042.pdf"


def data_of(content: bytes = PDF, kind: str = "application/pdf") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def attached(**payload: Any) -> dict[str, Any]:
    return {"type": "document", "payload": payload}


def invoice(**more: Any) -> dict[str, Any]:
    return attached(data=data_of(), filename="invoice-1042.pdf", **more)


def body_of(turn: list[dict[str, Any]]) -> str:
    (message,) = render(turn)
    return str(message.payload["text"]["body"])


def test_the_text_of_the_response_is_the_documents_caption() -> None:
    (message,) = render([{"text": "Here is your invoice.", "attachment": invoice()}])
    part = {"data": data_of(), "filename": "invoice-1042.pdf", "caption": "Here is your invoice."}
    assert message.payload == {"type": "document", "document": part}
    assert message.text == "Here is your invoice.\n[document] invoice-1042.pdf"
    sent = {key: part[key] for key in part if key != "data"} | {"id": "900010"}
    envelope = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+447700900123"}
    message_validator().validate({**envelope, "type": "document", "document": sent})


def test_a_text_and_a_caption_are_one_message() -> None:
    (message,) = render([{"text": "Here it is.", "attachment": invoice(caption="Total: 58.00")}])
    assert message.payload["document"]["caption"] == "Here it is.\n\nTotal: 58.00"


def test_a_document_stands_where_it_was_said() -> None:
    turn = [{"text": "First"}, {"attachment": invoice()}, {"text": "Last"}, {"text": "And more"}]
    assert [m.text for m in render(turn)] == ["First", "[document] invoice-1042.pdf", "Last\n\nAnd more"]
    assert [m.text for m in render(turn, RenderOptions(merge_texts=False))][1] == "[document] invoice-1042.pdf"


def test_a_caption_of_1024_characters_fits_and_a_longer_one_goes_before() -> None:
    (message,) = render([{"text": "x" * 1024, "attachment": invoice()}])
    assert len(message.payload["document"]["caption"]) == 1024
    before, message = render([{"text": "x" * 1025, "attachment": invoice()}])
    assert (before.text, "caption" in message.payload["document"]) == ("x" * 1025, False)


def test_the_question_and_its_buttons_come_after_the_document() -> None:
    turn = [{"text": "Anything else?", "attachment": invoice(caption="Yours"), "buttons": [{"title": "No"}]}]
    document, question = render(turn)
    assert document.payload["document"]["caption"] == "Yours"
    assert question.payload["interactive"]["body"]["text"] == "Anything else?"


def test_a_picture_and_a_document_of_one_response_are_both_shown() -> None:
    picture, document = render([{"text": "Look", "image": "https://e.org/a.jpg", "attachment": invoice()}])
    assert picture.payload["image"]["caption"] == "Look" and document.payload["type"] == "document"


def test_a_link_stands_in_place_of_the_bytes() -> None:
    (message,) = render([{"attachment": attached(link=LINK)}])
    assert message.payload["document"] == {"link": LINK, "filename": "invoice 1042.pdf"}


@pytest.mark.parametrize(
    "payload",
    [
        {"data": "data:application/pdf;base64,%%%"},
        {"data": "data:application/pdf;base64,"},
        {"data": "data:application/pdf,%PDF-1.7"},
        {"data": "data:application/pdf;base64,JVBERi0é"},
        {"data": base64.b64encode(PDF).decode()},
        {"data": data_of(b"<html>", "text/html")},
        {"data": data_of(b"MZ", "application/x-msdownload")},
        {"data": data_of(b"no PDF at all")},
        {"data": data_of(b"%PDF-" + bytes(SIZE_LIMIT - 4))},
        {"data": 5},
        {"data": None},
        {"link": "ftp://example.com/a.pdf"},
        {"link": "javascript:alert(1)"},
        {},
    ],
    ids=lambda payload: str(payload)[:40],
)
def test_what_is_no_document_is_text_and_the_log_says_why_without_its_contents(payload: dict[str, Any]) -> None:
    with capture_logs() as logs:
        text = body_of(
            [{"text": "Your invoice", "attachment": attached(filename="invoice.pdf", caption="58", **payload)}]
        )
    link = payload.get("link")
    assert text == f"Your invoice\n\n58\n\n{link or 'invoice.pdf'}"
    (entry,) = logs
    assert entry["event"] == "whatsapp.became_text" and len(entry["reason"]) < 120
    assert "JVBER" not in str(entry) and "invoice" not in str(entry)


@pytest.mark.parametrize("payload", [None, "invoice", 5, [], {"payload": {"data": data_of()}}])
def test_a_payload_of_another_shape_breaks_nothing(payload: Any) -> None:
    assert body_of([{"text": "Hello", "attachment": {"type": "document", "payload": payload}}]) == "Hello"


def test_a_file_at_the_limit_is_taken() -> None:
    content = b"%PDF-" + bytes(SIZE_LIMIT - 5)
    assert read_data(data_of(content)).content == content
    with pytest.raises(NotADocument, match="larger"):
        read_data(data_of(content + b"x"))


def test_a_type_may_have_parameters_and_capitals() -> None:
    assert read_data("DATA:Text/Plain;charset=utf-8;base64,aGk=").type == "text/plain"


@pytest.mark.parametrize(
    ("given", "kind", "name"),
    [
        ("invoice-1042.pdf", "application/pdf", "invoice-1042.pdf"),
        ("Invoice.PDF", "application/pdf", "Invoice.PDF"),
        ("invoice", "application/pdf", "invoice.pdf"),
        ("invoice.exe", "application/pdf", "invoice.exe.pdf"),
        ("../../etc/passwd", "application/pdf", "passwd.pdf"),
        ("C:\\bills\\may.pdf", "application/pdf", "may.pdf"),
        ("in\u202efdp.exe", "application/pdf", "infdp.exe.pdf"),
        ("a\x00b\nc\t d.pdf", "application/pdf", "ab c d.pdf"),
        ('what? <this> "is": it|*.pdf', "application/pdf", "what this is it.pdf"),
        ("Rechnung für Zoë.pdf", "application/pdf", "Rechnung für Zoë.pdf"),
        ("facture \u00e9t\u00e9 \ud800.pdf", "application/pdf", "facture été.pdf"),
        ("...", "application/pdf", "document.pdf"),
        (None, "application/pdf", "document.pdf"),
        (7, "text/plain", "document.txt"),
        ("prices.csv", "text/plain", "prices.csv"),
        ("", None, "document"),
    ],
)
def test_a_files_name_is_one_that_every_phone_can_keep(given: Any, kind: str | None, name: str) -> None:
    assert file_name(given, kind) == name


def test_a_long_name_is_cut_before_its_ending() -> None:
    assert file_name("x" * 300 + ".pdf", "application/pdf") == "x" * (FILENAME_LIMIT - 4) + ".pdf"


@given(st.text(max_size=400), st.sampled_from([None, *whatsapp_documents.ENDINGS]))
def test_whatever_the_name_it_is_short_and_clean(given_name: str, kind: str | None) -> None:
    name = file_name(given_name, kind)
    assert 0 < len(name) <= FILENAME_LIMIT and name == name.strip() and not set(name) & set('/\\<>:"|?*\n\u202e\x00')
    assert kind is None or name.lower().endswith(whatsapp_documents.ENDINGS[kind])
