"""The books of a load test: when has everything settled, and was anything lost, doubled or put out of order?"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.support.load import Traffic
from tests.support.records import Records, Row
from tests.support.waiting import wait_until

OPEN = ("pending", "sending")
TAKEN = ("sent", "delivered", "read")


@dataclass
class Figures:
    """What a run of traffic came to."""

    messages: int = 0
    to_the_bot: int = 0
    to_a_person: int = 0
    parked: int = 0
    agent_messages: int = 0
    sends_without_answer: int = 0
    duplicates: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.messages} messages: {self.to_the_bot} to the bot, {self.to_a_person} to a person, "
            f"{self.parked} parked; {self.agent_messages} agent's messages; "
            f"{self.sends_without_answer} sends without an answer, {self.duplicates} doubled at the phone"
        )


class Ledger:
    """Compares what customers and agent wrote with the tracker, the inbox, the outbox, the desk and the phones."""

    def __init__(self, traffic: Traffic, in_order: bool = True) -> None:
        self.traffic = traffic
        self.stack = traffic.stack
        self.records = Records(traffic.stack)
        self.in_order = in_order  # whether webhooks came in the order of writing

    def settle(self, timeout: float) -> None:
        """Wait until nothing is under way any more."""
        what = "everything that was written has been handled"
        wait_until(what, lambda: not self.under_way(), timeout, lambda: self.under_way(), every=0.5)

    def under_way(self) -> list[str]:
        """What is not finished yet, in words."""
        webhooks = self.stack.control.get("/control/webhooks").json()["pending"]
        if webhooks:
            return [f"{webhooks} webhooks are not delivered"]
        pending = self.records.rows("SELECT count(*) AS n FROM inbox WHERE status = 'pending'")[0]["n"]
        if pending:  # a cheap question, while there is much to do
            return [f"{pending} turns are pending"]
        inbox, outbox = self._inbox(), self._outbox()
        left = [f"message {each} is not in the inbox" for each in self.traffic.texts if each not in inbox]
        left += [f"{row['kind']} {row['id']} is {row['status']}" for row in outbox if row["status"] in OPEN]
        if left:
            return left
        left += [f"'{line['text']}' is {line['status']}" for line in self._desk_lines() if line["status"] == "sending"]
        return left if left or self.traffic.agent.is_idle() else ["the agent is at work"]

    def check(self) -> Figures:
        """Count everything. What is wrong is in ``problems``."""
        figures = Figures(messages=len(self.traffic.texts), agent_messages=len(self.traffic.agent.said))
        self.problem = figures.problems.append
        self.inbox, self.outbox = self._inbox(), self._outbox()
        self.by_id = {row["id"]: row for row in self.outbox}
        self.lines = self._desk_lines()
        self._check_rows_ended()
        self._check_tracker()
        self._check_answers(figures)
        self._check_agent()
        self._check_phones(figures)
        self._check_order()
        return figures

    def _check_rows_ended(self) -> None:
        for row in self.outbox:
            if row["status"] in (*OPEN, "dead") or (row["status"] == "refused" and not row["error"]):
                self.problem(f"outbox {row['id']} ({row['lane']} {row['kind']}) is {row['status']}: {row['error']}")

    def _check_tracker(self) -> None:
        """Each message is in the tracker's events, once."""
        ids = [event.get("message_id") for event in self._events("user")]
        for message_id, times in self._counted(ids, self.traffic.texts):
            self.problem(f"'{self.traffic.texts[message_id]}' is in the tracker {times} times")

    def _check_answers(self, figures: Figures) -> None:
        """Each message got a bot's reply, or reached the desk: one of the two, once."""
        replies: dict[str, int] = Counter(r["trace_id"] for r in self.outbox if _is_reply(r))
        passed_on = Counter(r["payload"]["message_id"] for r in self.outbox if r["kind"] == "customer.message")
        shown = Counter(line["message_id"] for line in self.lines if line["author"] == "customer")
        for message_id, text in self.traffic.texts.items():
            row = self.inbox.get(message_id)
            if row is None:
                self.problem(f"'{text}' is not in the inbox")
                continue
            answered, to_person = bool(replies[row["trace_id"]]), passed_on[message_id]
            figures.parked += row["status"] == "parked"
            figures.to_a_person += to_person
            figures.to_the_bot += answered
            if answered + to_person != 1:
                self.problem(f"'{text}' ({row['status']}): answered {answered}, passed on {to_person} times")
            if shown[message_id] > 1 or (to_person and not shown[message_id]):
                self.problem(f"'{text}': {shown[message_id]} times in the desk's transcript")
            if row["status"] == "parked" and not shown[message_id]:
                self.problem(f"'{text}' was parked, and no person sees it")

    def _check_agent(self) -> None:
        """Each text that the desk took is in the tracker once, and on its way once."""
        said = {each.command_id: each for each in self.traffic.agent.said.values()}
        told = [(event.get("metadata") or {}).get("command_id") for event in self._events("agent")]
        queued = [row["command_id"] for row in self.outbox if row["lane"] == "customer" and row["command_id"]]
        for where, ids in (("the tracker", told), ("the outbox", queued)):
            for command_id, times in self._counted(ids, said):
                self.problem(f"the agent's '{said[command_id].text}' is in {where} {times} times")
        status = {line["command_id"]: line["status"] for line in self.lines if line["command_id"]}
        for command_id, each in said.items():
            if status.get(command_id) not in TAKEN:
                self.problem(f"the agent's '{each.text}' is {status.get(command_id)} on the desk")

    def _check_phones(self, figures: Figures) -> None:
        """Each message of the outbox is at the phone once; twice only where a send got no answer."""
        seen = Counter(message["callback"] for message in self._arrived())
        for row in self.outbox:
            if row["lane"] != "customer":
                continue
            figures.sends_without_answer += row["unknown_sends"]
            extra = seen[row["id"]] - (row["status"] == "sent")
            figures.duplicates += max(0, extra)
            if extra < 0:
                self.problem(f"outbox {row['id']} counts as sent and is not at the phone")
            if extra > row["unknown_sends"]:
                self.problem(f"outbox {row['id']} is at the phone {seen[row['id']]} times ({row['status']})")
        for callback in seen:
            if callback not in self.by_id:
                self.problem(f"the phone got {callback}, of which the outbox knows nothing")

    def _check_order(self) -> None:
        """Turns follow the inbox, the phone follows the outbox, and the inbox follows what was written."""
        arrived: dict[str, list[int]] = defaultdict(list)
        for message in self._arrived():
            if message["callback"] in self.by_id:
                arrived[message["user_id"]].append(self.by_id[message["callback"]]["seq"])
        for user, seqs in arrived.items():
            if seqs != sorted(seqs):
                self.problem(f"messages reached {user} in the order {seqs}")
        turns: dict[str, list[int]] = defaultdict(list)
        places = {row["trace_id"]: row["seq"] for row in self.inbox.values()}
        for row in self.outbox:
            if _is_reply(row) and row["trace_id"] in places:
                turns[row["conversation_id"]].append(places[row["trace_id"]])
        for conversation_id, seqs in turns.items():
            if seqs != sorted(seqs):
                self.problem(f"{conversation_id} was answered in the order {seqs}")
        for writer in self.traffic.writers if self.in_order else ():
            kept = [self.inbox[each]["seq"] for each in writer.written if each in self.inbox]
            if kept != sorted(kept):
                self.problem(f"{writer.phone.name}'s messages were kept in the order {kept}")

    @staticmethod
    def _counted(ids: list[Any], wanted: Any) -> list[tuple[Any, int]]:
        """Those of the wanted that are there not once but never or more often."""
        times = Counter(ids)
        return [(each, times[each]) for each in wanted if times[each] != 1]

    def _conversations(self) -> set[str]:
        known = self.traffic.by_user
        rows = self.records.rows("SELECT id, user_id FROM conversations")
        return {row["id"] for row in rows if row["user_id"] in known}

    def _inbox(self) -> dict[str, Row]:
        return {row["message_id"]: row for row in self.records.inbox() if row["message_id"] in self.traffic.texts}

    def _outbox(self) -> list[Row]:
        ours = self._conversations()
        return [row for row in self.records.outbox() if row["conversation_id"] in ours]

    def _events(self, kind: str) -> list[dict[str, Any]]:
        ours = self._conversations()
        query = "SELECT sender_id, data FROM events WHERE type_name = :kind"
        return [json.loads(row["data"]) for row in self.records.rows(query, kind=kind) if row["sender_id"] in ours]

    def _desk_lines(self) -> list[Row]:
        agent = self.stack.agent("sam")
        handed_over = self.records.rows("SELECT DISTINCT conversation_id AS id FROM handoffs")
        ours = self._conversations()
        ids = [row["id"] for row in handed_over if row["id"] in ours]
        return [line for each in ids for line in agent.conversation(each)["transcript"]]

    def _arrived(self) -> list[dict[str, Any]]:
        """What the traffic's customers were sent, in order."""
        sent = self.stack.sent(after=self.traffic.first_sent)
        return [message for message in sent if message["user_id"] in self.traffic.by_user]


def _is_reply(row: Row) -> bool:
    return bool(row["lane"] == "customer" and row["author"] in ("bot", "system") and row["kind"] == "message")
