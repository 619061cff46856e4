from __future__ import annotations

import base64
from pathlib import Path

from actions.invoices import ActionInvoice, document
from tests.unit.care_support import ANA, SilentShop, demo_shop, ends


async def test_the_invoice_is_a_pdf_and_its_total_is_said_besides(tmp_path: Path) -> None:
    slots, said = await ends(ActionInvoice(demo_shop(tmp_path)), "1042", ANA)
    assert (said["response"], said["total"]) == ("utter_invoice", "57 pounds")
    payload = said["attachment"]["payload"]
    kind, _, data = payload["data"].partition(",")
    assert (said["attachment"]["type"], kind) == ("document", "data:application/pdf;base64")
    assert base64.b64decode(data).startswith(b"%PDF-")
    assert payload["filename"] == "invoice-1042.pdf"
    assert slots["needs_person"] is False


def test_a_document_carries_its_content_whole() -> None:
    payload = document(b"%PDF-1.7 \xff", "a.pdf")["payload"]
    assert base64.b64decode(payload["data"].partition(",")[2]) == b"%PDF-1.7 \xff"


async def test_a_silent_shop_is_said_plainly_with_the_way_to_try_again() -> None:
    _, said = await ends(ActionInvoice(SilentShop()), "1042")
    assert (said["response"], said["again"]) == ("utter_shop_unavailable", "invoice")


async def test_nobody_gets_the_invoice_of_a_stranger(tmp_path: Path) -> None:
    _, said = await ends(ActionInvoice(demo_shop(tmp_path)), "1046", ANA)
    assert said["response"] == "utter_shop_unavailable" and not said.get("attachment")
