"""The handoff card says in plain words why a person was needed."""

from __future__ import annotations

from datetime import timezone
from typing import Any

import pytest

from handoff.desk.times import Times
from handoff.desk.view import card


def shown(**context: Any) -> str:
    made = card({"reason": "policy", **context}, Times(0.0, timezone.utc))
    assert made is not None
    return str(made["detail"])


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({"criterion": "safety", "reason_detail": "wrote “injured”"}, "Safety: wrote “injured”"),
        ({"criterion": "not understood", "reason_detail": "not understood 3 times in 5 messages"},
         "Not understood 3 times in 5 messages"),
        ({"reason_detail": "The action server does not answer."}, "The action server does not answer."),
        ({"criterion": None, "reason_detail": None}, ""),
    ],
)  # fmt: skip
def test_the_card_says_why(context: dict[str, Any], words: str) -> None:
    assert shown(**context) == words
