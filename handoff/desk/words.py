"""The desk's closed vocabulary: the same words in code, pages, API and database."""

from __future__ import annotations

# states of a conversation, as the desk sees them
QUEUED = "queued"
ACTIVE = "active"
RESOLVED = "resolved"
WITH_BOT = "bot"
STATES = (QUEUED, ACTIVE, RESOLVED, WITH_BOT)

# a handoff ends in one of these besides RESOLVED
CANCELLED = "cancelled"
EXPIRED = "expired"
OPEN_HANDOFF_STATES = (QUEUED, ACTIVE)

# who wrote a line of the transcript
CUSTOMER = "customer"
BOT = "bot"
HUMAN = "human"
SYSTEM = "system"
NOTE = "note"
AUTHORS = (CUSTOMER, BOT, HUMAN, SYSTEM, NOTE)

# kinds of system lines that the page draws in its own way
KIND_TEXT = "text"
KIND_HANDOFF = "handoff"

# what a message is, where it has no words of its own
KINDS = {
    "template": "Template",
    "image": "Photo",
    "video": "Video",
    "audio": "Audio",
    "document": "Document",
    "sticker": "Sticker",
    "location": "Location",
    "contacts": "Contact",
    "reaction": "Reaction",
    "order": "Order",
    "form": "Form",
    "edit": "Edit",
    "unsupported": "Message that cannot be shown",
}

# what became of an agent's message. RETURNED: the floor had changed, the text went back to the agent.
SENDING = "sending"
SENT = "sent"
DELIVERED = "delivered"
READ = "read"
FAILED = "failed"
RETURNED = "returned"
STATUS_RANK = {SENDING: 0, SENT: 1, DELIVERED: 2, READ: 3}
ENDED_STATUSES = (FAILED, RETURNED)

# states of a command on its way to the bridge
WAITING = "waiting"
DONE = "done"
REFUSED = "refused"
DEAD = "dead"

REASONS = {
    "customer_request": "Asked for a person",
    "fallback": "Bot did not understand",
    "form_gave_up": "Bot could not finish a form",
    "bot_failure": "Bot failed",
    "phone_reply": "Answered from the phone",
    "late_message": "Message came too late for the bot",
    "policy": "Handed over by a rule",
}

OUTCOME_LABELS = {"solved": "Solved", "unsolved": "Not solved", "follow_up": "Needs a follow-up"}


def reason_label(reason: str | None) -> str:
    """The reason of a handoff in the agent's words; a reason that is not known here is shown readably."""
    if not reason:
        return "Handed over"
    return REASONS.get(reason, reason.replace("_", " ").capitalize())


def topic_label(topic: str | None) -> str:
    return topic.replace("_", " ").capitalize() if topic else ""
