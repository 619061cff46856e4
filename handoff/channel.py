"""The small interface through which the bridge meets the customer's channel; all it knows of WhatsApp."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, AsyncIterator, Mapping, Protocol, Sequence

# What a message is to the rules of the customer's channel. Free-form ones go out while the messaging window is open;
# approved templates at any time; those that advertise never to who opted out.
FREE_FORM = "message"
TEMPLATE = "template"
MARKETING = "marketing"

WINDOW_CLOSED = 131047  # the provider's code: more than a day has passed since the customer last wrote
OPTED_OUT = 131050  # the provider's code: this customer wants no marketing messages


@dataclass(frozen=True)
class Address:
    """Where a customer can be reached. ``user_id`` (business-scoped) is the key when there is one, else ``wa_id``.

    ``number`` is the business's own number id: the same person on two of our numbers has two conversations.
    """

    number: str
    user_id: str | None = None
    wa_id: str | None = None
    name: str | None = None
    username: str | None = None


@dataclass(frozen=True)
class Media:
    """The file in a message: where the channel keeps it for now, and what the sender says about it.

    ``kind`` is image, video, audio, document or sticker. ``mime_type`` has no parameters. ``sha256`` is as it came;
    its encoding is not certain.
    """

    provider_id: str
    kind: str
    mime_type: str | None = None
    sha256: str | None = None
    filename: str | None = None
    voice: bool = False


@dataclass(frozen=True)
class MediaFile:
    """A file on its way here. ``size`` (bytes) and ``sha256`` (hexadecimal) are None when the channel does not say."""

    chunks: AsyncIterator[bytes]
    size: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Inbound:
    """One message from a customer, or (``echo``) one that a colleague typed on the business's own phone.

    ``text`` is what the bot can read, None when it cannot read this kind. ``payload`` is the id of a pressed
    button or chosen row. ``sent_at`` is the customer's own timestamp in Unix seconds. ``details`` is the message
    object as it came. ``content`` is what people are shown of it besides text and file, in the shapes that
    docs/architecture.md lists; ``media`` is the file in it. ``aside``: something that happened, which is no message: a
    reaction, an edit, a deletion, a call, a wish about news.
    """

    message_id: str
    address: Address
    sent_at: float
    kind: str
    text: str | None = None
    payload: str | None = None
    reply_to: str | None = None
    echo: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)
    content: Mapping[str, Any] = field(default_factory=dict)
    media: Media | None = None
    aside: bool = False


@dataclass(frozen=True)
class Receipt:
    """What became of a message we sent: ``sent``, ``delivered``, ``read``, ``played`` or ``failed``.

    ``outbox_id`` is our own id that travelled with the message, when the channel gave it back. ``failure`` says of a
    message that failed what an answer to the call would have said.
    """

    number: str
    provider_id: str
    status: str
    at: float
    outbox_id: str | None = None
    error_code: int | None = None
    error: str | None = None
    failure: DeliveryError | None = field(default=None, compare=False)


@dataclass(frozen=True)
class AddressChange:
    """The customer's number or user id changed; the conversation stays. Old values may be unknown (None)."""

    number: str
    message_id: str
    old_wa_id: str | None = None
    new_wa_id: str | None = None
    old_user_id: str | None = None
    new_user_id: str | None = None


@dataclass(frozen=True)
class Batch:
    """Everything one webhook brought, in its order. ``ignored`` counts what is unknown, by field or type; ``notices``
    are what the provider tells whoever runs the service."""

    messages: tuple[Inbound, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    changes: tuple[AddressChange, ...] = ()
    ignored: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Rendered:
    """One message ready for the channel. ``text`` is how it reads in a transcript; ``offers`` are the payloads of the
    buttons and rows in it, the only ones that this customer may send back. ``kind``: FREE_FORM, TEMPLATE, MARKETING."""

    payload: Mapping[str, Any]
    text: str
    offers: tuple[str, ...] = ()
    kind: str = FREE_FORM


class Remedy(Enum):
    """What becomes of a message that was not accepted; exactly one of these."""

    RETRY = "retry"  # it is tried again after a while
    PARK = "park"  # it waits, with all of its number, until whoever runs the service has acted
    TELL_AGENT = "tell_agent"  # it is dead: the agent who wrote it hears why
    ALARM = "alarm"  # it is dead, and whoever runs the service hears of it, too: something has to be mended


NUMBER = "number"  # what an error slows down, besides the message: all that this number sends,
APP = "app"  # or all calls of the app


class DeliveryError(Exception):
    """A message was not accepted. It answers "will trying again help?".

    ``retry``: try again later (after ``retry_after`` seconds if given). ``unknown``: no answer came, so the message
    may have been sent. ``code`` is the provider's own code, ``0`` when there is none. ``tries``: give up after so many.
    ``operator``: whoever runs the service has to act; with ``retry``, nothing goes out until they have. ``slows``:
    NUMBER or APP. ``base``: wait for base^n seconds, n = 0, 1, 2, ... growing with each failure.
    """

    def __init__(
        self,
        message: str,
        *,
        retry: bool,
        code: int = 0,
        retry_after: float | None = None,
        unknown: bool = False,
        tries: int | None = None,
        operator: bool = False,
        slows: str | None = None,
        base: float | None = None,
    ) -> None:
        super().__init__(message)
        self.retry = retry
        self.slows = slows
        self.base = base
        self.code = code
        self.retry_after = retry_after
        self.unknown = unknown
        self.tries = tries
        self.operator = operator

    @property
    def remedy(self) -> Remedy:
        if self.retry:
            return Remedy.PARK if self.operator else Remedy.RETRY
        return Remedy.ALARM if self.operator else Remedy.TELL_AGENT


class MediaError(Exception):
    """A file did not come. The text is for agents; ``retry``: trying again later may help; ``operator``: whoever runs
    the service has to act first."""

    def __init__(self, message: str, *, retry: bool, operator: bool = False) -> None:
        super().__init__(message)
        self.retry = retry
        self.operator = operator


class TemplateProblem(ValueError):
    """A template cannot be sent as it was filled in. The text is for whoever filled it in."""


class CustomerChannel(Protocol):
    """What the bridge asks of a customer's channel. ``render`` and ``template`` may be called anywhere; the other calls
    belong to one event loop. ``number`` is the business's own number, by which a conversation is answered."""

    def render(self, responses: Sequence[Mapping[str, Any]], number: str = "") -> list[Rendered]:
        """Turn the Rasa responses of one turn, in order, into as few messages as possible. Never raises for content:
        what does not fit is degraded."""
        ...

    def template(self, number: str, spec: Mapping[str, Any]) -> Rendered:
        """A template, filled in: ``name``, ``language``, and ``parameters`` or ``components``.

        Raises:
            TemplateProblem: it is not approved, or something in it is missing or wrong.
        """
        ...

    async def templates(self, number: str) -> list[dict[str, Any]]:
        """The approved templates, for a picker. They are kept for some minutes, and `template` knows them afterwards.

        Raises:
            DeliveryError: they could not be fetched.
        """
        ...

    async def learn_templates(self) -> None:
        """Fetch the templates that `template` is to know, where they are not fresh. Failure is logged and no more."""
        ...

    async def deliver(self, to: Address, payload: Mapping[str, Any], *, outbox_id: str) -> str:
        """Send one message; returns the provider's id.

        Raises:
            DeliveryError: it was not accepted, or nobody knows.
        """
        ...

    def per_second(self, number: str) -> float:
        """How many messages this number may send in a second."""
        ...

    async def acknowledge(self, number: str, message_id: str) -> None:
        """Mark a message as read and show that an answer is being written. Failure is ignored."""
        ...

    def fetch_media(self, number: str, provider_id: str) -> AbstractAsyncContextManager[MediaFile]:
        """Open a file that a customer sent to ``number``, to be read while the context is open.

        Raises:
            MediaError: it does not come; also while it is read.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
