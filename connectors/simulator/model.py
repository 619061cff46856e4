"""What the simulator remembers: customers, messages, updates to be delivered, calls, and its switches."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, ClassVar

CUSTOMER = "customer"
BUSINESS = "business"

# How far a message has come. A customer's message is delivered when its webhook was answered.
STATUS_ORDER = {"sent": 1, "delivered": 2, "read": 3, "played": 4}
FAILED = "failed"

WINDOW_SECONDS = 24 * 3600
TYPING_SECONDS = 25


class Document:
    """Something that is kept in the database as one JSON document."""

    def to_document(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass
class Customer(Document):
    """A person with WhatsApp. ``phone`` (digits) stays theirs when a username hides it from the business."""

    user_id: str
    number: str
    name: str
    phone: str | None
    phone_shown: bool
    username: str | None
    created_at: float
    last_inbound_at: float | None = None
    typing_until: float = 0.0
    unread: int = 0
    first_user_id: str | None = None
    marketing_stopped: bool = False
    blocks_business: bool = False

    @property
    def wa_id(self) -> str | None:
        """The phone as webhooks show it; None when it is hidden."""
        return self.phone if self.phone_shown else None

    @property
    def lane(self) -> str:
        """What keeps the customer's updates in order: their first user id, also after it has changed."""
        return self.first_user_id or self.user_id

    @property
    def key(self) -> str:
        return self.wa_id or self.user_id

    def contact(self) -> dict[str, Any]:
        """This customer as an item of a webhook's ``contacts``."""
        profile = {"name": self.name, **({"username": self.username} if self.username else {})}
        wa_id = {"wa_id": self.wa_id} if self.wa_id else {}
        return {"profile": profile, **wa_id, "user_id": self.user_id}


@dataclass
class Message(Document):
    """One message in a customer's thread, from either side; ``payload`` is the object as it was sent.

    ``via`` says by which road: ``phone`` (the customer), ``api`` (Graph) or ``app`` (a colleague's phone). ``media`` is
    ``id``, ``mime_type`` and ``size`` in bytes of the uploaded file that it names. ``edited`` is the text that the
    customer put in the place of this one's, ``revoked`` that they deleted it for everyone.
    ``shown`` is what a filled template looks like: ``header``, ``body``, ``footer``, ``buttons``.
    """

    seq: int
    user_id: str
    author: str
    id: str
    type: str
    payload: dict[str, Any]
    text: str
    at: float
    number: str
    status: str = "sent"
    via: str = "phone"
    to: str | None = None
    callback: str | None = None
    error: dict[str, Any] | None = None
    media: dict[str, Any] | None = None
    edited: str | None = None
    revoked: bool = False
    shown: dict[str, Any] | None = None
    category: str = "service"

    def as_json(self) -> dict[str, Any]:
        """As the control API shows it. ``direction`` is the business's view: ``out`` comes from the business."""
        shown = self.to_document()
        shown["direction"] = "out" if self.author == BUSINESS else "in"
        return shown


@dataclass
class Webhook(Document):
    """One update on its way to the connector. ``kind`` is the list it belongs in, such as ``statuses``; updates of
    one ``lane`` keep their order."""

    id: int
    kind: str
    lane: str
    number: str
    item: dict[str, Any]
    contact: dict[str, Any] | None = None
    message_id: str | None = None
    at: float = 0.0


@dataclass
class Call(Document):
    """One call of the Graph API, refused ones included."""

    seq: int
    at: float
    path: str
    body: Any
    status: int
    code: int | None = None
    answer: str = "sent"


@dataclass
class Settings(Document):
    """Switches of the pretended WhatsApp that are not faults.

    ``unknown_customer``: ``create``, or ``refuse`` with 131026. ``enforce_window``: refuse free-form messages with
    131047 after 24 hours, in the ``answer`` or as a ``status`` (``window_refusal``). ``auto_read``: a delivered
    message is read at once. ``allowed_recipients``: phones; others are refused with 131030; None allows all.
    ``throughput``: messages a second for a number, in and out; ``pair_burst``: messages at once to one customer, then
    one every ``pair_seconds``; 0 lifts a limit. ``numbers``: ids of the business's other numbers.
    ``strangers``: for who never wrote, the 24 hours are ``open`` from when they were made, which saves a message, or
    ``closed``, as Meta has it.
    ``longest_retry_pause``: seconds to which the pauses between tries of a webhook grow.
    ``without_plus``: a number in ``to`` without a + is taken ``as_is``, or gets the business's ``own_country`` code.
    ``template_review``: what happens to a new template: ``approve``, ``reject``, or ``wait`` for a control call.
    ``coexistence``: the number is also used in the WhatsApp Business app, so that the business hears of edited and
    deleted messages; ``edits`` as ``edit`` or as ``unsupported``, as Meta does while it delivers none.
    """

    unknown_customer: str = "create"
    enforce_window: bool = True
    window_refusal: str = "answer"
    auto_read: bool = False
    delivered_after_ms: int = 100
    allowed_recipients: list[str] | None = None
    coexistence: bool = True
    edits: str = "edit"
    template_review: str = "approve"
    without_plus: str = "as_is"
    throughput: int = 80
    pair_burst: int = 45
    pair_seconds: float = 6.0
    numbers: list[str] | None = None
    longest_retry_pause: float = 10.0
    strangers: str = "open"

    CHOICES: ClassVar[dict[str, tuple[str, ...]]] = {
        "unknown_customer": ("create", "refuse"),
        "window_refusal": ("answer", "status"),
        "edits": ("edit", "unsupported"),
        "strangers": ("open", "closed"),
        "without_plus": ("as_is", "own_country"),
        "template_review": ("approve", "reject", "wait"),
    }


@dataclass
class Counters(Document):
    """Numbers that only grow, and the clock's distance from real time in seconds."""

    message: int = 0
    webhook: int = 0
    call: int = 0
    clock_offset: float = 0.0
    webhooks_delivered: int = 0
    webhook_failed_attempts: int = 0
    webhooks_dropped: int = 0


@dataclass
class Thread:
    """A customer and all their messages, oldest first."""

    customer: Customer
    messages: list[Message] = field(default_factory=list)


def user_id_for(phone: str) -> str:
    """A business-scoped user id that is always the same for a phone."""
    digits = int.from_bytes(hashlib.sha256(phone.encode()).digest()[:8], "big") % 10**16
    return f"GB.{digits:016d}"


def display_number(number: str, first: str) -> str:
    """The phone number that belongs to a number id; made up, and the same each time."""
    if number == first:
        return "15550100123"
    return f"1555{int.from_bytes(hashlib.sha256(number.encode()).digest()[:4], 'big') % 10**7:07d}"
