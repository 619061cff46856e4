"""The webhook under fuzzing, with everything behind it running: nothing is answered with a 5xx, no neighbour is lost,
and what was kept can be handled by the bot, by the people's side, and by the desk."""

from __future__ import annotations

import hashlib
import hmac
import os
import random
import time

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.support.records import Records
from tests.support.stack import Stack
from tests.support.waiting import wait_until
from tests.support.webhook_fuzz import Webhook, webhooks

SECONDS = 600
EXAMPLES = 150  # of each kind in one round


def signed(stack: Stack, body: bytes) -> dict[str, str]:
    digest = hmac.new(stack.environ["WHATSAPP_APP_SECRET"].encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}


class Fuzzer:
    """Posts to a stack's webhook and looks into its database."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.records = Records(stack)
        self.http = httpx.Client(timeout=30)
        self.logs = stack.log_sizes()
        self.posted = self.kept = 0
        self.before = {table: self._last(table) for table in ("inbox", "outbox")}  # of tests that break things

    def round(self, number: int, examples: int) -> None:
        """One round of each kind, from a seed of its own; then everything that was kept is handled."""
        chosen = settings(
            max_examples=examples, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        print(f"FUZZ_SEED={number}")
        seed(number)(chosen(given(webhooks())(self.post_webhook)))()
        seed(number)(chosen(given(st.binary(max_size=3000), st.booleans())(self.post_bytes)))()
        self.drain()

    def post_webhook(self, webhook: Webhook) -> None:
        self.posted += 1
        answer = self.http.post(self.stack.webhook_url, content=webhook.body, headers=signed(self.stack, webhook.body))
        assert answer.status_code == 200, (answer.status_code, webhook.body)
        kept = self.records.rows("SELECT seq FROM inbox WHERE message_id = :id", id=webhook.good)
        assert kept, f"{webhook.good} was answered with 200 and is not kept: {webhook.body!r}"
        self.kept += 1

    def post_bytes(self, body: bytes, sign: bool) -> None:
        self.posted += 1
        headers = signed(self.stack, body) if sign else {"X-Hub-Signature-256": "sha256=00"}
        answer = self.http.post(self.stack.webhook_url, content=body, headers=headers)
        assert answer.status_code in (200, 400, 403), (answer.status_code, body)

    def drain(self) -> None:
        """Wait until every message has had its turn, and look whether one could not be handled."""
        pending = "SELECT COUNT(*) AS n FROM inbox WHERE status = 'pending'"
        wait_until("every message has had its turn", lambda: self.records.rows(pending)[0]["n"] == 0, 300)
        query = "SELECT message, error FROM inbox WHERE status = 'parked' AND seq > :before"
        parked = self.records.rows(query, before=self.before["inbox"])
        assert not parked, f"the bot could not handle {parked[:3]}"
        to_agents = "SELECT COUNT(*) AS n FROM outbox WHERE lane = 'agent' AND status IN ('pending', 'sending')"
        wait_until("the desk has heard everything", lambda: self.records.rows(to_agents)[0]["n"] == 0, 300)
        query = "SELECT kind, payload, error FROM outbox WHERE lane = 'agent' AND status = 'dead' AND seq > :before"
        dead = self.records.rows(query, before=self.before["outbox"])
        assert not dead, f"the desk did not take {dead[:3]}"

    def _last(self, table: str) -> int:
        return int(self.records.rows(f"SELECT MAX(seq) AS last FROM {table}")[0]["last"] or 0)

    def check_logs(self) -> None:
        for name, text in self.stack.logs(self.logs).items():
            assert "Traceback" not in text and "_bug" not in text, f"{name}: {text[-3000:]}"


@pytest.fixture
def first_seed() -> int:
    return int(os.environ.get("FUZZ_SEED") or random.randrange(10**9))


def test_no_webhook_is_answered_with_5xx_nor_costs_the_message_beside_it(stack: Stack, first_seed: int) -> None:
    fuzzer = Fuzzer(stack)
    fuzzer.round(first_seed, EXAMPLES)
    fuzzer.check_logs()


@pytest.mark.long
def test_nor_in_ten_minutes(stack: Stack, first_seed: int) -> None:
    fuzzer = Fuzzer(stack)
    until = time.monotonic() + float(os.environ.get("FUZZ_SECONDS") or SECONDS)
    number = first_seed
    while time.monotonic() < until:
        fuzzer.round(number, 4 * EXAMPLES)
        number += 1
    print(f"{fuzzer.posted} webhooks, {fuzzer.kept} good neighbours kept")
    fuzzer.check_logs()
