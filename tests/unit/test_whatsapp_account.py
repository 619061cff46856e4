"""What Meta tells about the account can be written into the log, whatever its shape."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from connectors.whatsapp_account import ACCOUNT_FIELDS, notice

OWN = {"event", "level", "timestamp", "trace_id"}  # the names that a line of the log has by itself


@pytest.mark.parametrize("told", ["PAUSED", {"a": 1}, ["x"], 5, True, "x" * 5000])
@pytest.mark.parametrize("name", sorted(ACCOUNT_FIELDS))
def test_a_notice_is_short_and_takes_no_name_of_the_log(name: str, told: Any) -> None:
    said = notice(name, {"event": told, "reason": told, "unheard_of": told})
    assert said["field"] == name and set(said) == {"field", "happened", "reason"}
    assert not OWN & set(said)
    assert len(str(said)) < 1000
    with structlog.testing.capture_logs() as lines:
        structlog.get_logger().warning("whatsapp.account", trace_id="t", **said)
    assert lines[0]["event"] == "whatsapp.account"
