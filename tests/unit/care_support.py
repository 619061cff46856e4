"""What the tests of the care topics share: Marigold's real domain and demo shop, and trackers made by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.shop import ShopUnavailable
from actions.shop_sql import SqlShop

ANA = "447700900123"
TODAY = date(2026, 3, 2)
ROOT = Path(__file__).resolve().parents[2]
DOMAIN: dict[str, Any] = yaml.safe_load((ROOT / "domain.yml").read_text())


def demo_shop(folder: Path) -> SqlShop:
    """Marigold's demo shop as it is on `TODAY`."""
    return SqlShop(folder / "shop.db", today=lambda: TODAY)


class SilentShop:
    """A shop that never answers."""

    def __getattr__(self, name: str) -> Any:
        def silent(*arguments: Any) -> Any:
            raise ShopUnavailable("The shop is closed for this test")

        return silent


def message(
    text: str, intent: str = "inform", phone: str | None = ANA, confidence: float = 0.9, **entities: str
) -> dict[str, Any]:
    """A customer's message as an event. ``text`` that begins with a slash is a pressed button."""
    found = [{"entity": name, "value": value} for name, value in entities.items()]
    parsed = {"text": text, "intent": {"name": intent, "confidence": confidence}, "entities": found}
    customer = {"customer": {"name": "Ana", "phone": phone}}
    return {"event": "user", "text": text, "parse_data": parsed, "metadata": customer}


def tracker(*events: dict[str, Any], form: str | None = None, **slots: Any) -> Tracker:
    """A tracker whose latest message is the last user event. With ``form``: opened by an earlier message."""
    said = [event for event in events if event["event"] == "user"]
    latest = dict(said[-1]["parse_data"]) if said else {}
    return Tracker("ana", slots, latest, list(events), False, None, {"name": form} if form else {}, "action_listen")


def opens(form: str) -> dict[str, Any]:
    """The event of a form that the latest message opens."""
    return {"event": "active_loop", "name": form}


async def run(action: Action, asked: Tracker, domain: dict[str, Any] = DOMAIN) -> tuple[dict[str, Any], list[Any]]:
    """Run an action: the slots that it sets, and what it says."""
    dispatcher = CollectingDispatcher()
    events = await action.run(dispatcher, asked, domain)
    return {event["name"]: event["value"] for event in events if event["event"] == "slot"}, dispatcher.messages


def responses(messages: list[Any]) -> list[str]:
    return [message["response"] for message in messages]


async def ends(action: Action, number: str | None, phone: str = ANA, **slots: Any) -> tuple[dict[str, Any], Any]:
    """Run the last action of a form about an order: the slots that it sets, and the one thing that it says."""
    found, said = await run(action, tracker(message("please", phone=phone), order_number=number, **slots))
    (only,) = said
    return found, only
