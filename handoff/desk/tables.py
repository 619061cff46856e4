"""The desk's tables. Times are Unix seconds (float); ids are strings unless the order itself is the meaning."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts only INTEGER PRIMARY KEY columns up by itself
Counter = BigInteger().with_variant(Integer(), "sqlite")

agents = Table(
    "agents",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("login", String(255), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("password_hash", Text),  # null: signs in with tokens only
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", Float, nullable=False),
    Column("last_seen_at", Float),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("agent_id", String(64), ForeignKey("agents.id"), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("revoked_at", Float),
)

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", String(64), primary_key=True),
    Column("agent_id", String(64), ForeignKey("agents.id"), nullable=False),
    Column("csrf_token", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
    Column("revoked_at", Float),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("login", String(255), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", Float, nullable=False, index=True),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("owner_id", String(64), ForeignKey("agents.id")),
    Column("handoff_id", String(255)),  # the latest handoff
    Column("handoff_seq", BigInteger, nullable=False, default=0),
    Column("epoch", BigInteger, nullable=False, default=0),
    Column("customer_name", String(255), nullable=False, default=""),
    Column("customer_address", String(255), nullable=False, default=""),
    Column("language", String(16)),
    Column("topic", String(255)),
    Column("reason", String(64)),
    Column("priority", String(16), nullable=False, default="normal"),
    Column("window_ends_at", Float),
    Column("window_seq", BigInteger, nullable=False, default=0),
    Column("seen_seq", BigInteger),  # the last event that showed something of the customer's; null: not known
    Column("unread", Integer, nullable=False, default=0),
    Column("waiting_since", Float),  # null: the customer is not waiting for us
    Column("last_author", String(16)),
    Column("last_name", String(255)),
    Column("last_text", Text),
    Column("last_at", Float, nullable=False),
    Column("opted_out", Boolean),  # wants no unasked messages; null: not known
    Index(None, "state", "waiting_since"),
    Index(None, "owner_id", "state"),
    Index(None, "last_at"),
)

handoffs = Table(
    "handoffs",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("conversation_id", String(255), ForeignKey("conversations.id"), nullable=False, index=True),
    Column("state", String(16), nullable=False),
    Column("epoch", BigInteger, nullable=False, default=0),
    Column("reason", String(64)),
    Column("topic", String(255)),
    Column("context", JSON),  # null until handoff.requested has come
    Column("agent_id", String(64), ForeignKey("agents.id")),
    Column("requested_at", Float, nullable=False),
    Column("accepted_at", Float),
    Column("closed_at", Float),
    Column("confirmed_at", Float),  # the bridge said that it applied the resolve
    Column("outcome", String(32)),
    Column("note", Text),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("conversation_id", String(255), ForeignKey("conversations.id"), nullable=False),
    Column("handoff_id", String(255)),
    Column("author", String(16), nullable=False),
    Column("name", String(255)),
    Column("agent_id", String(64), ForeignKey("agents.id")),
    Column("kind", String(32), nullable=False, default="text"),
    Column("text", Text, nullable=False, default=""),
    Column("details", JSON),
    Column("at", Float, nullable=False),
    # the place in the transcript: `at`, but never before what was already shown when it came
    Column("order_at", Float, nullable=False),
    Column("bridge_id", String(255)),
    Column("command_id", String(255), unique=True),
    Column("status", String(16)),
    Column("status_at", Float),
    Column("error", Text),
    Column("media_id", String(64), index=True),
    Column("media", JSON),  # the file, as the bridge last described it
    Column("quoted", JSON),  # what this answers
    Column("reaction", String(64)),  # the customer's
    Column("text_before", Text),  # what stood there before it was edited
    Column("edited_at", Float),
    Column("deleted_at", Float),
    UniqueConstraint("conversation_id", "bridge_id"),
    Index(None, "conversation_id", "order_at", "id"),
)

received_events = Table(
    "received_events",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("type", String(64), nullable=False),
    Column("conversation_id", String(255), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("at", Float, nullable=False),
)

commands = Table(
    "commands",
    metadata,
    Column("position", Counter, primary_key=True, autoincrement=True),
    Column("id", String(255), nullable=False, unique=True),
    Column("conversation_id", String(255), ForeignKey("conversations.id"), nullable=False),
    Column("handoff_id", String(255)),
    Column("epoch", BigInteger, nullable=False, default=0),
    Column("type", String(64), nullable=False),
    Column("data", JSON, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_attempt_at", Float, nullable=False, default=0.0),
    Column("claimed_until", Float),
    Column("answered_at", Float),
    Column("error_code", String(64)),
    Column("error", Text),
    Index(None, "state", "conversation_id", "position"),
)

event_log = Table(
    "event_log",
    metadata,
    Column("id", Counter, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("type", String(64), nullable=False, index=True),
    Column("conversation_id", String(255), index=True),
    Column("handoff_id", String(255)),
    Column("agent_id", String(64)),
    Column("data", JSON, nullable=False),
)
