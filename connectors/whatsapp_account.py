"""What Meta tells about our account, our numbers and our templates: a line of the log for whoever runs the service."""

from __future__ import annotations

from typing import Any, Iterator

from connectors.whatsapp_fields import Json

# the parts that say what happened; none of them holds what a customer wrote
_TELLING = (
    "event", "message_template_name", "message_template_id", "message_template_language", "reason",
    "previous_quality_score", "new_quality_score", "previous_category", "new_category", "current_limit", "old_limit",
    "display_phone_number", "decision", "requested_verified_name", "rejection_reason", "alert_severity", "alert_status",
    "alert_type", "alert_description", "entity_type", "entity_id", "ban_info", "restriction_info", "violation_info",
    "max_daily_conversation_per_phone", "max_phone_numbers_per_business", "requester",
)  # fmt: skip
ACCOUNT_FIELDS = frozenset(
    {
        "account_alerts", "account_review_update", "account_update", "business_capability_update",
        "business_username_updates", "flows", "message_template_components_update", "message_template_quality_update",
        "message_template_status_update", "payment_configuration_update", "phone_number_name_update",
        "phone_number_quality_update", "security", "template_category_update",
    }
)  # fmt: skip
LONGEST = 300


def notice(name: str, value: Json) -> dict[str, Any]:
    """The field and what it says, flat and short."""
    return {"field": name, **dict(_told(value))}


def _told(value: Json) -> Iterator[tuple[str, Any]]:
    for name in _TELLING:
        told = value.get(name)
        if told is not None:
            # "event" is the name of the line itself
            said = str(told)[:LONGEST] if isinstance(told, (str, dict, list)) else told
            yield "happened" if name == "event" else name, said
