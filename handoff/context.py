"""The handoff context: what the person who takes over is given, so that nobody asks twice. Built from stored events
alone: it needs neither Rasa nor a tracker, and so works when the bot itself has failed."""

from __future__ import annotations

from typing import Any, Collection, Iterable, Mapping, Sequence

from handoff import attachments
from handoff.marks import GONE
from handoff.tracker_events import Event

VERSION = 1
TRANSCRIPT_LENGTH = 60
LAST_TURNS = 8

_OWN_SLOTS = ("handoff_", "unreadable_kind", "requested_slot", "session_started_metadata")
_OWN_ACTIONS = ("utter_", "action_listen", "action_session_start", "action_extract_slots", "action_handoff",
                "action_unreadable_message", "action_default_fallback", "validate_")  # fmt: skip
_LATER = ("quoted", "reaction", "text_before", "edited_at", "deleted_at")
_STARTS_ANEW = ("reset_slots", "restart", "session_started")
_NO_WANT = {"greet", "goodbye", "thank", "affirm", "deny", "request_human", "bot_challenge", "inform", "nlu_fallback"}


def build(
    *,
    handoff: Mapping[str, Any],
    conversation: Mapping[str, Any],
    events: Sequence[Event],
    utterances: Sequence[Event],
    forms: Mapping[str, Sequence[str]],
    earlier: Iterable[Mapping[str, Any]],
    bookkeeping: Collection[str] = (),
    files: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Build the context (schema version 1, docs/architecture.md).

    Args:
        handoff: the new row of ``handoffs``.
        conversation: the row of ``conversations``.
        events: the tracker's recent events, oldest first, with all slots set in them.
        utterances: the last things said by anybody, oldest first.
        forms: each form's required slots, from the domain.
        earlier: rows of this customer's earlier handoffs.
        bookkeeping: slots that say nothing to people, such as counters.
        files: what is known of customers' files, by id.
    """
    facts = {name: fact for name, fact in _facts(events).items() if name not in bookkeeping}
    return {
        "version": VERSION,
        "handoff_id": handoff["id"],
        "conversation_id": conversation["id"],
        "requested_at": handoff["requested_at"],
        "reason": handoff["reason"],
        "reason_detail": handoff["reason_detail"],
        "criterion": _criterion(events),
        "topic": handoff["topic"],
        "priority": handoff["priority"],
        "skills": handoff["skills"],
        "customer": {
            "name": conversation["name"],
            "username": conversation["username"],
            "phone": f"+{conversation['wa_id']}" if conversation["wa_id"] else None,
            "user_id": conversation["user_id"],
            "language": None,
        },
        "summary": summary(utterances, handoff["topic"]),
        "facts": list(facts.values()),
        "form": _form(events, facts, forms),
        "tried": _tried(events, forms),
        "promised": [
            {"text": said["text"], "at": said.get("timestamp")}
            for said in utterances
            if said["event"] == "bot" and said.get("text") and (said.get("metadata") or {}).get("promise")
        ],
        "turns": [_turn(event) for event in utterances if event["event"] == "user"][-LAST_TURNS:],
        "sentiment": None,
        "media": [_kind(event) for event in utterances if event["event"] == "user" and _kind(event) != "text"],
        "window_ends_at": conversation["window_ends_at"],
        "opted_out": bool(conversation["opted_out"]),
        "referral": _referral(utterances),
        "earlier_handoffs": [_earlier(row) for row in earlier],
        "transcript": [line for event in utterances if (line := _line(event, files or {}))],
    }


def _referral(utterances: Sequence[Event]) -> Any:
    """The advertisement or post that brought them here, the latest one."""
    contents = [(event.get("metadata") or {}).get("content") for event in utterances if event["event"] == "user"]
    found = [content["referral"] for content in contents if isinstance(content, dict) and content.get("referral")]
    return found[-1] if found else None


def summary(utterances: Sequence[Event], topic: str | None) -> str:
    """What the customer wants, in a sentence of their own words: the last message that asked for something."""
    asked = [event for event in utterances if event["event"] == "user" and event.get("text") not in ("", None, GONE)]
    if not asked:
        return "The customer has not said yet what they want."
    wanting = [event for event in asked if _intent(event)[0] not in _NO_WANT and not event["text"].startswith("/")]
    event = (wanting or asked)[-1]
    intent = _intent(event)[0] if wanting else None
    about = label(topic or "") if intent in (None, "out_of_scope") else label(intent)
    words = f"“{_shown_text(event)}”"
    return f"{about}: {words}" if about else words


def label(name: str) -> str:
    """A name from the domain as people read it: ``track_order`` becomes ``Track order``."""
    return name.removesuffix("_form").removeprefix("action_").replace("_", " ").strip().capitalize()


def _criterion(events: Sequence[Event]) -> str | None:
    """The criterion of handoff.yml that fired at the last message."""
    for event in reversed(events):
        if event["event"] == "user":
            return None
        if event["event"] == "slot" and event["name"] == "handoff_criterion":
            return str(event["value"]) if event.get("value") else None
    return None


def _facts(events: Sequence[Event]) -> dict[str, dict[str, Any]]:
    facts: dict[str, dict[str, Any]] = {}
    forgotten: dict[str, dict[str, Any]] = {}  # what a new session carries over keeps its source
    said: Event | None = None
    acted = False
    for event in events:
        if event["event"] == "user":
            said, acted = event, False
        elif event["event"] == "action":
            acted = event.get("name") != "action_listen"
        elif event["event"] == "slot" and not event["name"].startswith(_OWN_SLOTS):
            facts.pop(event["name"], None)
            known = forgotten.pop(event["name"], None)
            if known and known["value"] == event.get("value"):
                facts[event["name"]] = known
            elif event.get("value") is not None:
                facts[event["name"]] = _fact(event, said, acted)
        elif event["event"] in _STARTS_ANEW:
            facts, forgotten = {}, facts if event["event"] == "session_started" else {}
    return facts


def _fact(event: Event, said: Event | None, acted: bool) -> dict[str, Any]:
    by_agent = (event.get("metadata") or {}).get("source") == "agent"
    words = _shown_text(said) if said else None
    told = words is not None and str(event["value"]).lower() in words.lower()
    source = "agent" if by_agent else "customer" if told or not acted else "bot"
    # A slot that keeps the message itself would show a pressed button's payload.
    value = words if said and event["value"] == said.get("text") else event["value"]
    return {
        "name": event["name"],
        "label": label(event["name"]),
        "value": value,
        "source": source,
        "said": words if source == "customer" else None,
        "at": event.get("timestamp"),
    }


def _form(
    events: Sequence[Event], facts: Mapping[str, Any], forms: Mapping[str, Sequence[str]]
) -> dict[str, Any] | None:
    active: str | None = None
    following: str | None = None
    for event in events:
        if event["event"] in _STARTS_ANEW:
            active = None if event["event"] != "reset_slots" else active
            following = None
        elif event["event"] == "active_loop":
            active = event.get("name")
        elif event["event"] == "slot" and event["name"] == "requested_slot":
            following = event.get("value")
    if not active:
        return None
    missing = [slot for slot in forms.get(active, []) if slot not in facts]
    return {
        "name": active,
        "missing": missing,
        "next": following if following in missing else next(iter(missing), None),
    }


def _tried(events: Sequence[Event], forms: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the bot did for the customer. Asking (a form) is not doing, nor is what every turn does."""
    tried = []
    for event in events:
        name = event.get("name") or ""
        own = name in forms or name.startswith(_OWN_ACTIONS)
        if event["event"] == "action" and not own:
            tried.append({"action": name, "label": label(name), "result": "ok", "at": event.get("timestamp")})
        elif event["event"] == "action_execution_rejected" and not own:
            tried.append({"action": name, "label": label(name), "result": "failed", "at": event.get("timestamp")})
    return tried[-LAST_TURNS:]


def _turn(event: Event) -> dict[str, Any]:
    intent, confidence = _intent(event)
    return {"text": _shown_text(event), "intent": intent, "confidence": confidence, "at": event.get("timestamp")}


def files_in(utterances: Sequence[Event]) -> list[str]:
    """The ids of the files that customers sent."""
    found = ((event.get("metadata") or {}).get("media") for event in utterances)
    return [str(file["id"]) for file in found if isinstance(file, dict) and file.get("id")]


def _line(event: Event, files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any] | None:
    author = {"user": "customer", "bot": "bot", "agent": "human"}[event["event"]]
    meta = event.get("metadata") or {}
    text = _shown_text(event) if author == "customer" else _said(event)
    if not text:
        return None
    more = _more(meta, files)
    return {
        "author": author,
        "name": meta.get("agent_name"),
        "text": "" if meta.get("deleted_at") or (more and text == f"[{_kind(event)}]") else text,
        "kind": _kind(event),
        "at": event.get("timestamp"),
        "message_id": event.get("message_id") or meta.get("message_id"),
        **more,
    }


def _more(meta: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What a message holds besides its words, and what happened to it later."""
    file = meta.get("media")
    more = {name: meta.get(name) for name in _LATER}
    more |= {
        "details": meta.get("content"),
        "media": files.get(str(file.get("id"))) if isinstance(file, dict) else None,
    }
    return {name: value for name, value in more.items() if value}


def _shown_text(event: Event) -> str:
    """What the customer saw themselves say: a button's title, not its payload."""
    return str((event.get("metadata") or {}).get("title") or event.get("text") or f"[{_kind(event)}]")


def _said(event: Event) -> str:
    """What the bot or a person said: words, a file, or both."""
    return "\n".join(part for part in (event.get("text") or "", attachments.words_of(event)) if part)


def _kind(event: Event) -> str:
    return str((event.get("metadata") or {}).get("kind") or attachments.kind_in(event) or "text")


def _intent(event: Event) -> tuple[str | None, float | None]:
    intent = (event.get("parse_data") or {}).get("intent") or {}
    return intent.get("name"), intent.get("confidence")


def _earlier(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "handoff_id": row["id"],
        "reason": row["reason"],
        "topic": row["topic"],
        "outcome": row["outcome"] or row["state"],
        "note": row["note"],
        "agent": row["agent_name"],
        "requested_at": row["requested_at"],
        "resolved_at": row["closed_at"],
    }
