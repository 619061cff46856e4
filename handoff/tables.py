"""The bridge's tables. Times are Unix seconds (UTC)."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

# SQLite numbers rows by itself only for INTEGER keys; PostgreSQL gets room for more than 2^31 rows.
_Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")

conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),  # the business's number id
    sa.Column("user_id", sa.Text),
    sa.Column("wa_id", sa.Text),
    sa.Column("reply_wa_id", sa.Text),  # the phone, only if the latest message carried it
    sa.Column("name", sa.Text),
    sa.Column("username", sa.Text),
    sa.Column("owner", sa.Text, nullable=False),  # who has the floor: bot | human
    sa.Column("handoff_id", sa.Text),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("last_message_id", sa.Text),
    sa.Column("window_ends_at", sa.Float),
    sa.Column("lease_owner", sa.Text),
    sa.Column("lease_until", sa.Float),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("opted_out", sa.Boolean, nullable=False, server_default=sa.false()),  # wants no unasked messages
    sa.UniqueConstraint("number", "user_id", name="one_conversation_per_user_id"),
    sa.UniqueConstraint("number", "wa_id", name="one_conversation_per_wa_id"),
)

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("seq", _Serial, primary_key=True, autoincrement=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # customer | echo | returned | changed (an address: done already)
    sa.Column("message", sa.JSON, nullable=False),
    sa.Column("status", sa.Text, nullable=False),  # pending | done | parked
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_try_at", sa.Float, nullable=False, server_default="0"),
    sa.Column("error", sa.Text),
    sa.Column("trace_id", sa.Text, nullable=False),
    sa.Column("received_at", sa.Float, nullable=False),
    sa.Column("done_at", sa.Float),
    sa.UniqueConstraint("number", "message_id", name="one_row_per_message"),
    sqlite_autoincrement=True,
)
_inbox_pending = inbox.c.status == "pending"
sa.Index(
    "inbox_pending", inbox.c.conversation_id, inbox.c.seq,
    sqlite_where=_inbox_pending, postgresql_where=_inbox_pending,
)  # fmt: skip

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("seq", _Serial, primary_key=True, autoincrement=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("lane", sa.Text, nullable=False),  # customer | agent
    sa.Column("author", sa.Text, nullable=False),  # bot | human | system
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("handoff_id", sa.Text),
    sa.Column("command_id", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),  # message, or an event type of the agent channel
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("status", sa.Text, nullable=False),  # pending | sending | sent | refused | dead
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_try_at", sa.Float, nullable=False, server_default="0"),
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimed_until", sa.Float),
    sa.Column("unknown_sends", sa.Integer, nullable=False, server_default="0"),
    sa.Column("provider_id", sa.Text),
    sa.Column("delivery", sa.Text),  # sent | delivered | read | played | failed, as the channel says
    sa.Column("error_code", sa.Integer),
    sa.Column("error", sa.Text),
    sa.Column("trace_id", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("sent_at", sa.Float),
    sa.Column("text", sa.Text),  # how the message reads, to be shown where a customer answers it
    sqlite_autoincrement=True,
)
_outbox_open = outbox.c.status.in_(["pending", "sending"])
sa.Index(
    "outbox_open", outbox.c.lane, outbox.c.conversation_id, outbox.c.seq,
    sqlite_where=_outbox_open, postgresql_where=_outbox_open,
)  # fmt: skip
sa.Index("outbox_provider_id", outbox.c.provider_id)

rates = sa.Table(  # how fast each of our numbers may send; the key "*" stands for all calls of the app
    "rates",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("paid_until", sa.Float, nullable=False),
    sa.Column("paused_until", sa.Float, nullable=False),
    sa.Column("strikes", sa.Integer, nullable=False),
)

pair_rates = sa.Table(  # how fast each customer may be sent to; apart from their conversation, which turns lock
    "pair_rates",
    metadata,
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("paid_until", sa.Float, nullable=False),
)

early_receipts = sa.Table(  # a status can arrive before the answer to the send
    "early_receipts",
    metadata,
    sa.Column("provider_id", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("error_code", sa.Integer),
    sa.Column("error", sa.Text),
)

offers = sa.Table(  # the button and row payloads that a customer was sent, and so may send back
    "offers",
    metadata,
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("payload", sa.Text, primary_key=True),
)

media = sa.Table(  # the files that customers send
    "media",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("provider_id", sa.Text, nullable=False),  # lives for seven days
    sa.Column("kind", sa.Text, nullable=False),  # image | video | audio | document | sticker
    sa.Column("declared_type", sa.Text),
    sa.Column("declared_sha256", sa.Text),
    sa.Column("filename", sa.Text),
    sa.Column("voice", sa.Boolean, nullable=False),
    sa.Column("type", sa.Text),  # what its content says, once it is here
    sa.Column("size", sa.BigInteger),
    sa.Column("width", sa.Integer),
    sa.Column("height", sa.Integer),
    sa.Column("genuine", sa.Boolean),  # its content is of the type that it was said to be
    sa.Column("status", sa.Text, nullable=False),  # pending | loading | ready | failed | deleting | deleted
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_try_at", sa.Float, nullable=False, server_default="0"),
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimed_until", sa.Float),
    sa.Column("error", sa.Text),
    sa.Column("trace_id", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.UniqueConstraint("number", "message_id", name="one_file_per_message"),
)
_media_open = media.c.status.in_(["pending", "loading", "deleting"])
sa.Index("media_open", media.c.next_try_at, sqlite_where=_media_open, postgresql_where=_media_open)

marks = sa.Table(  # what happened to a message after it was said
    "marks",
    metadata,
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), primary_key=True),
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),  # reaction | edited | deleted
    sa.Column("value", sa.JSON, nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)

handoffs = sa.Table(
    "handoffs",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.Text, sa.ForeignKey("conversations.id"), nullable=False, index=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reason_detail", sa.Text, nullable=False, server_default=""),
    sa.Column("topic", sa.Text),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("skills", sa.JSON, nullable=False),
    sa.Column("context", sa.JSON, nullable=False),
    sa.Column("agent_id", sa.Text),
    sa.Column("agent_name", sa.Text),
    sa.Column("greeted_by", sa.Text),  # the agent whose name the customer has been shown
    sa.Column("outcome", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("requested_at", sa.Float, nullable=False),
    sa.Column("joined_at", sa.Float),
    sa.Column("closed_at", sa.Float),
    sa.Column("told_unreachable_at", sa.Float),
    sa.Column("offered_message_at", sa.Float),  # the customer may leave a message instead of waiting
    sa.Column("told_kept_at", sa.Float),  # and knows that what they wrote is kept
)
_handoff_waiting = handoffs.c.state.in_(["requested", "queued"])
sa.Index(
    "handoffs_waiting", handoffs.c.requested_at,
    sqlite_where=_handoff_waiting, postgresql_where=_handoff_waiting,
)  # fmt: skip

commands = sa.Table(  # what the agent channel sent, and how it was answered: the same id gets the same answer
    "commands",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("answer", sa.JSON, nullable=False),
    sa.Column("received_at", sa.Float, nullable=False),
)

event_log = sa.Table(  # append-only: triggers forbid UPDATE and DELETE
    "event_log",
    metadata,
    sa.Column("seq", _Serial, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("conversation_id", sa.Text, nullable=False, index=True),
    sa.Column("handoff_id", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("owner_before", sa.Text, nullable=False),
    sa.Column("owner_after", sa.Text, nullable=False),
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sqlite_autoincrement=True,
)

events = sa.Table(  # the tracker's events, in the shape of Rasa's own SQLTrackerStore
    "events",
    metadata,
    sa.Column("id", _Serial, primary_key=True, autoincrement=True),
    sa.Column("sender_id", sa.String(255), nullable=False),
    sa.Column("type_name", sa.String(255), nullable=False),
    sa.Column("timestamp", sa.Float),
    sa.Column("intent_name", sa.String(255)),
    sa.Column("action_name", sa.String(255)),
    sa.Column("data", sa.Text),
    sqlite_autoincrement=True,
)
sa.Index("events_of_conversation", events.c.sender_id, events.c.id)

checkpoints = sa.Table(  # the tracker's state before event_id + 1, so that a long conversation loads in constant time
    "checkpoints",
    metadata,
    sa.Column("conversation_id", sa.Text, primary_key=True),
    sa.Column("event_id", _Serial, nullable=False),
    sa.Column("state", sa.JSON, nullable=False),
)
