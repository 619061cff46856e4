"""WhatsApp's side of a benchmark, a process of its own: sends signed webhooks, and is the Graph API that gets the
answers. Reads one job as JSON from its input, writes the measurements as JSON to its output.

Two ways to send. ``open``: messages arrive at a given rate whatever the server does, as real customers do; times are
counted from when a message was due, so that a server that stalls is not spared. ``closed``: each of N customers
writes the next message as soon as the answer to the last one has arrived, which finds the capacity.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
import sys
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp
from aiohttp import web

# Each is answered by one rule with one response, without the action server: Rasa and the connector are measured.
MESSAGES = (
    "hi",
    "hello there",
    "good morning",
    "thanks",
    "thank you so much",
    "are you a bot",
    "bye",
    "how long does delivery take",
)
# How long a conversation is, in open and closed runs alike. In an open run of 30 s a customer writes about every ten
# seconds: people seldom write again before they are answered, and Rasa's lock makes the inline connector pay for it.
MESSAGES_PER_CUSTOMER = 3


@dataclass(frozen=True)
class Job:
    """``rate``: messages per second of an open run; ``customers``: how many of a closed one."""

    mode: str
    webhook_url: str
    graph_port: int
    app_secret: str
    phone_number_id: str
    seconds: float
    seed: int
    rate: float = 0
    customers: int = 0
    drain_seconds: float = 60


@dataclass
class Load:
    job: Job
    acks: list[float] = field(default_factory=list)  # seconds from due to answered 200
    replies: list[float] = field(default_factory=list)  # seconds from due to the answer at the Graph API
    failures: int = 0
    sent: int = 0
    replies_in_time: int = 0
    waiting: dict[str, list[tuple[float, asyncio.Future[None]]]] = field(default_factory=dict)
    started: float = 0

    async def run(self) -> dict[str, Any]:
        runner = await self._listen()
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=300)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as self.session:
            self.started = time.monotonic()
            await (self._open() if self.job.mode == "open" else self._closed())
        await runner.cleanup()
        return self._result()

    async def _open(self) -> None:
        choice = random.Random(self.job.seed)
        customers = max(20, int(self.job.rate * self.job.seconds / MESSAGES_PER_CUSTOMER))
        tasks, due = [], self.started
        while (due := due + choice.expovariate(self.job.rate)) < self.started + self.job.seconds:
            if (pause := due - time.monotonic()) > 0:
                await asyncio.sleep(pause)
            customer = f"4477{self.job.seed % 100:02d}{choice.randrange(customers):06d}"
            tasks.append(asyncio.create_task(self._message(customer, choice.choice(MESSAGES), due)))
        await asyncio.wait(tasks, timeout=self.job.drain_seconds)

    async def _closed(self) -> None:
        async def customer(number: int) -> None:
            choice = random.Random(self.job.seed * 1000 + number)
            conversation = 0
            while time.monotonic() < self.started + self.job.seconds:
                key = f"4478{self.job.seed % 100:02d}{number:03d}{conversation // MESSAGES_PER_CUSTOMER:03d}"
                await self._message(key, choice.choice(MESSAGES), time.monotonic())
                conversation += 1

        tasks = [asyncio.create_task(customer(number)) for number in range(self.job.customers)]
        await asyncio.wait(tasks, timeout=self.job.seconds + self.job.drain_seconds)

    async def _message(self, customer: str, text: str, due: float) -> None:
        """Send one message, and wait until it is acknowledged and answered."""
        replied: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.setdefault(customer, []).append((due, replied))
        body = json.dumps(self._webhook(customer, text)).encode()
        digest = hmac.new(self.job.app_secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}
        self.sent += 1
        try:
            async with self.session.post(self.job.webhook_url, data=body, headers=headers) as answer:
                await answer.read()
                if answer.status != 200:
                    raise aiohttp.ClientError(f"answered {answer.status}")
        except (aiohttp.ClientError, asyncio.TimeoutError):
            self.failures += 1
            return
        self.acks.append(time.monotonic() - due)
        await replied

    def _webhook(self, customer: str, text: str) -> dict[str, Any]:
        message = {
            "from": customer,
            "id": f"wamid.{uuid4().hex}",
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": text},
        }
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "15550001111", "phone_number_id": self.job.phone_number_id},
            "contacts": [{"profile": {"name": f"Customer {customer[-4:]}"}, "wa_id": customer}],
            "messages": [message],
        }
        change = {"field": "messages", "value": value}
        return {"object": "whatsapp_business_account", "entry": [{"id": "200000000000001", "changes": [change]}]}

    async def _listen(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_post("/{version}/{number}/messages", self._graph)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.job.graph_port).start()
        return runner

    async def _graph(self, request: web.Request) -> web.Response:
        message = await request.json()
        if "type" not in message or message.get("status"):
            return web.json_response({"success": True})  # a read receipt
        customer = str(message.get("to") or message.get("recipient")).lstrip("+")
        now = time.monotonic()
        if waiting := self.waiting.get(customer):
            due, replied = waiting.pop(0)
            self.replies.append(now - due)
            self.replies_in_time += now < self.started + self.job.seconds
            if not replied.done():
                replied.set_result(None)
        return web.json_response(
            {
                "messaging_product": "whatsapp",
                "contacts": [{"input": customer, "wa_id": customer}],
                "messages": [{"id": f"wamid.{uuid4().hex}"}],
            }
        )

    def _result(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "acknowledged": len(self.acks),
            "failures": self.failures,
            "answered": len(self.replies),
            "answered_per_second": self.replies_in_time / self.job.seconds,
            "ack_ms": percentiles(self.acks),
            "reply_ms": percentiles(self.replies),
        }


def percentiles(seconds: list[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds, by nearest rank; empty without a value."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    return {
        f"p{share}": round(1000 * ordered[min(len(ordered) - 1, -(-share * len(ordered) // 100) - 1)], 1)
        for share in (50, 95, 99)
    }


def main() -> None:
    print(json.dumps(asyncio.run(Load(Job(**json.load(sys.stdin))).run())))


if __name__ == "__main__":
    main()
