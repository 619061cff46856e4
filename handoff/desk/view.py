"""Rows of the database as the templates want them: labels instead of codes, and nothing left to decide."""

from __future__ import annotations

from typing import Any, Mapping

from handoff.desk import view_content, window, words
from handoff.desk.times import Times

WAIT_WARNING_SECONDS = 120.0
WAIT_DANGER_SECONDS = 300.0

Row = Mapping[str, Any]

SHORT_REASONS = {
    "customer_request": "asked",
    "fallback": "not understood",
    "form_gave_up": "form failed",
    "bot_failure": "bot failed",
    "phone_reply": "phone",
    "late_message": "came late",
    "policy": "rule",
}
SOURCES = {
    "customer": "Said by the customer",
    "bot": "Worked out by the bot",
    "shop": "From the shop",
    "agent": "Set by an agent",
    "system": "Known from WhatsApp",
}


def list_row(row: Row, agent_id: str, times: Times) -> dict[str, Any]:
    """One row of the list."""
    said_by = {words.CUSTOMER: "", words.BOT: "Bot: ", words.HUMAN: f"{row['last_name'] or 'Agent'}: "}
    waiting = row["waiting_since"] if row["state"] in words.OPEN_HANDOFF_STATES else None
    is_open = row["state"] in words.OPEN_HANDOFF_STATES
    return {
        "id": row["id"],
        "state": row["state"],
        "name": customer_name(row),
        "last": said_by.get(row["last_author"] or "", "") + (row["last_text"] or "No messages yet"),
        "at": waiting or row["last_at"],
        "waiting": waiting is not None,
        "urgency": _urgency(waiting, times.now),
        "unread": row["unread"] > 0,
        "labels": _labels(row),
        "owner": row["owner_name"] if row["owner_id"] and row["owner_id"] != agent_id else None,
        "window": window.describe(row["window_ends_at"], times) if is_open else None,
    }


def customer_name(row: Row) -> str:
    return str(row["customer_name"] or row["customer_address"] or "Unknown customer")


def _why(context: Row) -> str:
    """What made a criterion fire, with its name: ``Safety: wrote “injured”``."""
    name, detail = str(context.get("criterion") or ""), str(context.get("reason_detail") or "")
    told = detail if not name or detail.lower().startswith(name.lower()) else f"{name}: {detail}"
    return told[:1].upper() + told[1:]


def card(context: Row | None, times: Times, opted_out: bool | None = None) -> dict[str, Any] | None:
    """The handoff card; None until the bridge has described the handoff. ``opted_out``: what was heard since then."""
    if not context:
        return None
    form = context.get("form") or {}
    return {
        "summary": context.get("summary") or "The customer wants to speak to a person.",
        "reason": words.reason_label(context.get("reason")),
        "detail": _why(context),
        "topic": words.topic_label(context.get("topic")),
        "priority": context.get("priority") or "normal",
        "requested_at": context.get("requested_at"),
        "facts": [_fact(fact, times) for fact in context.get("facts") or []],
        "tried": [_tried(step) for step in context.get("tried") or []],
        "promised": [{"text": promise.get("text") or ""} for promise in context.get("promised") or []],
        "form": words.topic_label(str(form.get("name") or "").removesuffix("_form")) if form else None,
        "next": words.topic_label(form.get("next")) if form.get("next") else None,
        "missing": [{"name": slot, "label": words.topic_label(slot)} for slot in form.get("missing") or []],
        "turns": [_turn(turn) for turn in context.get("turns") or []],
        "earlier": [_earlier(passage, times) for passage in context.get("earlier_handoffs") or []],
        "sentiment": _sentiment(context.get("sentiment")),
        "opted_out": bool(context.get("opted_out")) if opted_out is None else opted_out,
        "came_from": view_content.came_from(context.get("referral") or {}),
        "customer": _customer(context.get("customer") or {}),
    }


def plain_value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _urgency(waiting: float | None, now: float) -> str:
    if waiting is None or now - waiting < WAIT_WARNING_SECONDS:
        return ""
    return "warning" if now - waiting < WAIT_DANGER_SECONDS else "danger"


def _labels(row: Row) -> list[str]:
    labels = [words.topic_label(row["topic"])] if row["topic"] else []
    if row["reason"]:
        labels.append(SHORT_REASONS.get(row["reason"], words.topic_label(row["reason"]).lower()))
    return labels


def _fact(fact: Row, times: Times) -> dict[str, Any]:
    source = SOURCES.get(fact.get("source") or "", "Source not known")
    if fact.get("said"):
        source += f": “{fact['said']}”"
    if fact.get("at"):
        source += f" ({times.exact(float(fact['at']))})"
    name = str(fact.get("name") or "")
    label = fact.get("label") or words.topic_label(name)
    return {
        "name": name,
        "label": label,
        "value": plain_value(fact.get("value")),
        "from": fact.get("source"),
        "source": source,
    }


def _tried(step: Row) -> dict[str, Any]:
    return {
        "text": step.get("label") or words.topic_label(step.get("action")),
        "ok": step.get("result") != "failed",
    }


def _turn(turn: Row) -> dict[str, Any]:
    confidence = turn.get("confidence")
    share = f"{confidence:.0%}" if isinstance(confidence, (int, float)) else ""
    return {
        "text": turn.get("text") or "",
        "intent": words.topic_label(turn.get("intent")) or "Nothing",
        "share": share,
    }


def _earlier(passage: Row, times: Times) -> dict[str, Any]:
    outcome = str(passage.get("outcome") or "")
    agent = passage.get("agent")
    agent = agent.get("name") if isinstance(agent, Mapping) else agent
    at = passage.get("requested_at")
    return {
        "text": words.topic_label(passage.get("topic")) or words.reason_label(passage.get("reason")),
        "outcome": words.OUTCOME_LABELS.get(outcome, words.topic_label(outcome) or "No outcome"),
        "agent": agent,
        "note": passage.get("note") or "",
        "at": float(at) if at else None,
    }


def _sentiment(value: Any) -> str | None:
    if not isinstance(value, (int, float)):
        return None
    return "Unhappy" if value < -0.3 else "Happy" if value > 0.3 else "Neutral"


def _customer(customer: Row) -> list[tuple[str, str]]:
    labels = {"phone": "Phone", "username": "Username", "language": "Language", "user_id": "WhatsApp id"}
    return [(label, str(customer[name])) for name, label in labels.items() if customer.get(name)]
