"""pywa, a client of Meta's API that other people wrote, works against the simulator unmodified.

It sends every type, moves files, keeps templates, and its own server functions read our webhooks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, AsyncIterator

import httpx
import pytest
import pytest_asyncio
from pywa_async import WhatsApp, types
from pywa_async import handlers as pywa_handlers
from pywa_async.errors import TemplateNotExists, WhatsAppError
from pywa_async.types import templates as t
from pywa_async.types.calls import CallDirection

from tests.unit.simulator_rig import ACCOUNT, NUMBER, SECRET, TOKEN, Rig, receiving, running, until

KEY = "447700900123"
PICTURE = b"\xff\xd8\xff\xe0 a picture"
LINK = "https://example.com/a.jpg"


@dataclass
class Pywa:
    """The simulator, and pywa's client pointed at it."""

    rig: Rig
    client: WhatsApp

    async def last(self) -> dict[str, Any]:
        """The latest message in the customer's chat."""
        return (await self.rig.thread())[-1]

    async def does(self, **message: Any) -> str:
        return str((await self.rig.control("POST", f"customers/{KEY}/messages", message))["id"])

    async def attach(self, content: bytes, kind: str, **form: str) -> str:
        answer = await self.rig.http.post(
            f"/control/customers/{KEY}/media", data=form, files={"file": ("a file", content, kind)}
        )
        return str(answer.json()["id"])


@pytest_asyncio.fixture
async def pywa(tmp_path: Any) -> AsyncIterator[Pywa]:
    async with receiving() as receiver, running(tmp_path, receiver) as rig, httpx.AsyncClient() as session:
        await rig.customer()
        client = WhatsApp(
            phone_id=NUMBER,
            token=TOKEN,
            waba_id=ACCOUNT,
            app_secret=SECRET,
            verify_token="demo-verify-token",
            session=session,
            server=None,
        )
        session.base_url = f"{rig.address}/v23.0"
        yield Pywa(rig, client)


def send(method: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
    return method, arguments


YES_NO = [types.Button("Yes", "/yes"), types.Button("No", "/no")]
ROW = types.SectionRow(title="Bills", callback_data="/bills", description="All")
PDF = b"%PDF-1.7"
SHIPS = [t.BodyText.params("It ships.")]
ENGLISH = t.TemplateLanguage.ENGLISH

SENT = {
    "text": send("send_text", text="Hello", preview_url=True, tracker="outbox-1"),
    "buttons": send("send_text", text="Sure?", footer="f", buttons=YES_NO),
    "a list": send(
        "send_text",
        text="Topic?",
        buttons=types.SectionList("Choose", [types.Section("All", [ROW])]),
    ),
    "a link button": send("send_text", text="See", buttons=types.URLButton("Open", "https://example.com")),
    "a form": send(
        "send_text",
        text="Rate us",
        buttons=types.FlowButton(title="Rate", flow_id="1", flow_token="t", flow_action_screen="RATE"),
    ),
    "a picture by its address": send("send_image", image=LINK, caption="Map"),
    "a picture from memory": send("send_image", image=PICTURE, mime_type="image/jpeg"),
    "a picture over buttons": send("send_image", image=LINK, caption="Fine?", buttons=[types.Button("Yes", "/yes")]),
    "a film": send("send_video", video=b"film", mime_type="video/mp4", caption="See"),
    "sound": send("send_audio", audio=b"sound", mime_type="audio/mpeg"),
    "a voice note": send("send_voice", voice=b"OggS", mime_type="audio/ogg"),
    "a document": send("send_document", document=PDF, mime_type="application/pdf", filename="a.pdf", caption="c"),
    "a sticker": send("send_sticker", sticker=b"RIFF", mime_type="image/webp"),
    "a place": send("send_location", latitude=51.5, longitude=-0.1, name="Depot", address="1 Quay"),
    "a request for a place": send("request_location", text="Where are you?"),
    "a request for the number": send("request_contact_info", text="May we call?"),
    "a card": send(
        "send_contact",
        contact=types.Contact(
            name=types.Contact.Name(formatted_name="Sam Lee", first_name="Sam"),
            phones=[types.Contact.Phone(phone="+447700900456")],
        ),
    ),
    "a catalogue": send("send_catalog", body="All we have", thumbnail_product_sku="SKU-7"),
    "a product": send("send_product", catalog_id="7", sku="SKU-7", body="This"),
    "products": send(
        "send_products",
        catalog_id="7",
        product_sections=[types.ProductsSection("Cups", ["SKU-7", "SKU-8"])],
        title="Cups",
        body="These",
    ),
    "a template": send("send_template", name="answer_ready", language=ENGLISH, params=SHIPS),
    "a template with everything": send(
        "send_template",
        name="case_update",
        language=t.TemplateLanguage.ENGLISH_US,
        params=[
            t.HeaderImage.params(image=LINK),
            t.BodyText.params(case_id="C-42"),
            t.QuickReplyButton.params(index=0, callback_data="/reopen"),
        ],
    ),
    "a template with an address": send(
        "send_template",
        name="parcel_on_its_way",
        language=ENGLISH,
        params=[
            t.HeaderText.params("1042"),
            t.BodyText.params("Ana", "Monday"),
            t.URLButton.params(index=0, url_variable="x7"),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SENT)
async def test_it_sends(pywa: Pywa, name: str) -> None:
    method, arguments = SENT[name]
    sent = await getattr(pywa.client, method)(to=f"+{KEY}", **arguments)
    message = await pywa.last()
    assert (message["id"], message["direction"], message["status"]) == (sent.id, "out", "sent")
    assert message["callback"] == arguments.get("tracker")


async def test_it_reacts_answers_reads_and_types(pywa: Pywa) -> None:
    said = await pywa.rig.say("thanks")
    await pywa.client.send_reaction(to=KEY, emoji="\N{THUMBS UP SIGN}", message_id=said)
    assert (await pywa.last())["text"] == "\N{THUMBS UP SIGN}"
    await pywa.client.remove_reaction(to=KEY, message_id=said)
    await pywa.client.send_text(to=KEY, text="You are welcome", reply_to_message_id=said)
    assert (await pywa.last())["payload"]["context"]["message_id"] == said
    assert await pywa.client.mark_message_as_read(said) and await pywa.client.indicate_typing(said)
    assert (await pywa.rig.control("GET", f"customers/{KEY}/messages"))["typing"] is True


async def test_it_sends_to_who_shows_no_phone(pywa: Pywa) -> None:
    await pywa.rig.customer(None, user_id="GB.1234567890123456", username="ana.example")
    await pywa.client.send_text(to="GB.1234567890123456", text="Hello")
    assert (await pywa.rig.thread("GB.1234567890123456"))[0]["text"] == "Hello"


async def test_it_reads_our_errors(pywa: Pywa) -> None:
    with pytest.raises(WhatsAppError) as refused:
        await pywa.client.send_text(to=KEY, text="x" * 4097)
    assert refused.value.code == 100
    with pytest.raises(TemplateNotExists):
        await pywa.client.send_template(to=KEY, name="nothing", language=ENGLISH, params=[t.BodyText.params("x")])


async def test_it_moves_files(pywa: Pywa, tmp_path: Any) -> None:
    media = await pywa.client.upload_media(PICTURE, mime_type="image/jpeg", filename="a.jpg")
    about = await pywa.client.get_media_url(media.id)
    assert (about.mime_type, about.file_size) == ("image/jpeg", len(PICTURE))
    assert await pywa.client.get_media_bytes(about.url) == PICTURE
    path = await pywa.client.download_media(url=about.url, path=tmp_path)
    assert path.read_bytes() == PICTURE and path.name == "a.jpg"
    await pywa.client.send_image(to=KEY, image=media.id)
    assert (await pywa.last())["media"]["id"] == media.id
    assert await pywa.client.delete_media(media.id)
    with pytest.raises(WhatsAppError):
        await pywa.client.get_media_url(media.id)


async def test_it_keeps_templates(pywa: Pywa) -> None:
    made = await pywa.client.create_template(
        t.Template(
            name="visit",
            language=ENGLISH,
            category=t.TemplateCategory.UTILITY,
            parameter_format=t.ParamFormat.NAMED,
            components=[
                t.BodyText("Hello {{name}}, we come on {{day}} at noon.", name="Ana", day="Monday"),
                t.FooterText(text="Marigold"),
                t.Buttons(
                    buttons=[
                        t.QuickReplyButton(text="Fine"),
                        t.PhoneNumberButton(text="Call", phone_number="+15550100123"),
                    ]
                ),
            ],
        )
    )
    assert made.status is t.TemplateStatus.PENDING
    found = await pywa.client.get_templates(name="visit", statuses=[t.TemplateStatus.APPROVED])
    assert [(one.name, one.id) for one in found] == [("visit", made.id)] and found.total_count == 1
    everything = await pywa.client.get_templates(pagination=types.Pagination(limit=2))
    names = [one.name for one in everything]
    while everything.has_next:
        everything = await everything.next()
        names += [one.name for one in everything]
    assert {"visit", "answer_ready", "case_update", "spring_offer"} <= set(names) and len(names) == len(set(names))

    one = await pywa.client.get_template(made.id)
    assert one.status is t.TemplateStatus.APPROVED and one.parameter_format is t.ParamFormat.NAMED
    params = [t.BodyText.params(name="Ana", day="Friday")]
    await pywa.client.send_template(to=KEY, name="visit", language=ENGLISH, params=params)
    assert (await pywa.last())["shown"]["body"] == "Hello Ana, we come on Friday at noon."
    assert await pywa.client.delete_template("visit", template_id=made.id)
    with pytest.raises(TemplateNotExists):
        await pywa.client.send_template(to=KEY, name="visit", language=ENGLISH, params=params)


HANDLERS = {
    name: kind
    for name, kind in vars(pywa_handlers).items()
    if isinstance(kind, type) and issubclass(kind, pywa_handlers.Handler) and kind in WhatsApp._handlers_to_updates
}


async def parsed(pywa: Pywa) -> list[Any]:
    """What pywa's own server functions make of everything that the simulator has posted, signatures included."""
    found: list[Any] = []

    async def keep(_: WhatsApp, update: Any) -> None:
        found.append(update)

    handlers = [kind(keep) for kind in HANDLERS.values()]
    pywa.client.add_handlers(*handlers)
    try:
        for body, signature in zip(pywa.rig.receiver.bodies, pywa.rig.receiver.signatures, strict=True):
            assert await pywa.client.webhook_update_validator(body, signature) is None
            assert await pywa.client.webhook_update_handler(body) == ("ok", 200)
    finally:
        pywa.client.remove_handlers(*handlers)
    return found


async def received(pywa: Pywa, kind: type, **message: Any) -> Any:
    """The one update that pywa makes of what the customer does."""
    before = len(pywa.rig.receiver.bodies)
    await pywa.does(**message)
    await until(lambda: len(pywa.rig.receiver.bodies) > before)
    found = await parsed(pywa)
    pywa.rig.receiver.bodies.clear()
    pywa.rig.receiver.signatures.clear()
    assert [type(one) for one in found] == [kind]
    return found[0]


async def test_it_receives_what_customers_write_and_send(pywa: Pywa) -> None:
    text = await received(pywa, types.Message, text="hello", forwarded="frequently")
    assert (text.text, text.from_user.wa_id, text.forwarded_many_times) == ("hello", KEY, True)
    ad = {"source_url": "https://fb.me/x", "source_id": "6", "source_type": "ad", "headline": "h", "body": "b"}
    from_ad = await received(pywa, types.Message, text="hi", referral={**ad, "media_type": "image", "ctwa_clid": "c"})
    assert from_ad.referral.headline == "h"
    assert (await received(pywa, types.Message, text="all", group_id="group-abc")).chat.id == "group-abc"

    image = await pywa.attach(PICTURE, "image/jpeg")
    picture = await received(pywa, types.Message, type="image", image={"id": image, "caption": "broken"})
    assert picture.caption == "broken" and await picture.image.get_bytes() == PICTURE
    voice = await pywa.attach(b"OggS", "audio/ogg; codecs=opus", voice="true")
    assert (await received(pywa, types.Message, type="audio", audio={"id": voice})).audio.voice is True
    for kind, mime_type in (("video", "video/mp4"), ("document", "application/pdf"), ("sticker", "image/webp")):
        media = await pywa.attach(b"bytes", mime_type)
        got = await received(pywa, types.Message, type=kind, **{kind: {"id": media}})
        assert getattr(got, kind).id == media

    place = await received(pywa, types.Message, type="location", location={"latitude": 51.5, "longitude": -0.1})
    assert place.location.latitude == 51.5
    card = {"name": {"formatted_name": "Sam", "first_name": "Sam"}, "phones": [{"phone": "+447700900456"}]}
    assert (await received(pywa, types.Message, type="contacts", contacts=[card])).contacts[0].name.first_name == "Sam"
    item = {"product_retailer_id": "SKU-7", "quantity": 2, "item_price": 9.5, "currency": "EUR"}
    order = {"catalog_id": "7", "text": "please", "product_items": [item]}
    assert (await received(pywa, types.Message, type="order", order=order)).order.products[0].sku == "SKU-7"
    assert (await received(pywa, types.Message, type="unsupported")).type is types.MessageType.UNSUPPORTED


async def test_it_receives_reactions_edits_and_deletions(pywa: Pywa) -> None:
    sent = await pywa.rig.send()
    await until(lambda: len(pywa.rig.receiver.statuses) == 2)
    pywa.rig.receiver.bodies.clear()
    pywa.rig.receiver.signatures.clear()
    reaction = await received(pywa, types.Message, type="reaction", message_id=sent, emoji="x")
    assert (reaction.reaction.message_id, reaction.reaction.emoji) == (sent, "x")
    assert (await received(pywa, types.Message, type="reaction", message_id=sent)).reaction.is_removed
    await received(pywa, types.Message, text="wrogn")
    said = (await pywa.last())["id"]
    edited = await received(pywa, types.EditedMessage, type="edit", message_id=said, text="wrong")
    assert (edited.original_message_id, edited.message.text) == (said, "wrong")
    await received(pywa, types.DeletedMessage, type="revoke", message_id=said)


async def test_it_receives_choices_and_forms(pywa: Pywa) -> None:
    pressed = await received(pywa, types.CallbackButton, type="button_reply", id="/yes", title="Yes")
    assert (pressed.data, pressed.title) == ("/yes", "Yes")
    quick = await received(pywa, types.CallbackButton, type="button", text="Yes please", payload="/reopen")
    assert quick.data == "/reopen"
    row = await received(
        pywa,
        types.CallbackSelection,
        type="list_reply",
        id="/bills",
        title="Bills",
        description="All",
        context="wamid.LIST",
    )
    assert (row.data, row.description) == ("/bills", "All")
    form = await received(pywa, types.FlowCompletion, type="flow_reply", response={"flow_token": "t", "rating": "4"})
    assert form.response["rating"] == "4"


async def test_it_receives_changes_calls_and_choices_about_marketing(pywa: Pywa) -> None:
    identity = await received(pywa, types.IdentityChange, type="identity_change")
    assert identity.identity.hash
    call = await received(pywa, types.CallConnect, type="call")
    assert call.direction is CallDirection.USER_INITIATED
    end = await received(pywa, types.CallTerminate, type="call", event="terminate", call_id=call.id)
    assert end.id == call.id
    stop = await received(pywa, types.UserMarketingPreferences, type="user_preferences", value="stop")
    assert not stop
    number = await received(pywa, types.PhoneNumberChange, type="number_change", wa_id="447700900789")
    assert (number.old_wa_id, number.new_wa_id) == (KEY, "447700900789")


async def test_it_receives_statuses_echoes_and_news_of_templates(pywa: Pywa) -> None:
    await pywa.rig.control("PUT", "settings", {"auto_read": True})
    sent = await pywa.rig.send(biz_opaque_callback_data="outbox-1")
    await until(lambda: len(pywa.rig.receiver.statuses) == 3)
    await pywa.rig.control("POST", "echo", {"to": KEY, "text": "Tom here"})
    await pywa.rig.control("POST", "templates/answer_ready", {"status": "PAUSED"})
    await until(lambda: len(pywa.rig.receiver.bodies) == 5)
    *statuses, echo, paused = sorted(await parsed(pywa), key=lambda one: type(one).__name__ != "MessageStatus")
    assert [(one.id, one.status.value, one.tracker) for one in statuses] == [
        (sent, status, "outbox-1") for status in ("sent", "delivered", "read")
    ]
    by_type = {type(one): one for one in (echo, paused)}
    assert by_type[types.OutgoingMessage].text == "Tom here"
    assert by_type[t.TemplateStatusUpdate].new_status is t.TemplateStatus.PAUSED
