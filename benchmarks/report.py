"""A benchmark's result as a page for people."""

from __future__ import annotations

from typing import Any, Mapping

EXPLAINED = """\
Both run on the same model, with the same action server, one Rasa process, SQLite files, one after the other on the
same machine, each measurement from a fresh database after a warm-up. The load comes from one other process, which is
the Graph API too. Messages are a mixture that one rule answers with one response (greeting, thanks, goodbye, a
question about delivery), so that the server is measured and not the action server. A customer writes about three
messages. *inline* is `benchmarks/inline_connector.py`: it handles the message, then answers 200, with Rasa's
SQL tracker store as it comes. Baton has written the message to its database before it answers 200, and every reply
before it is sent.

*Acknowledged*: from the moment a message was due (arrivals are random at the given rate, whatever the server does)
until the webhook's 200. *Answered*: until the reply arrived at the Graph API. *Messages per second*: sixteen
customers who each write again as soon as they are answered; replies that arrived within the time.
"""


def table(result: Mapping[str, Any]) -> str:
    """A Markdown page of one result of `benchmarks.run`."""
    lines = [
        "# Baton and an ordinary inline connector",
        "",
        f"{result['machine']}. Seed {result['seed']}, {result['seconds']:g} s for each measurement.",
        "",
        *_throughput(result["throughput"]),
        "",
        *_latency("Acknowledged", "ack_ms", result["acknowledgement"]),
        "",
        *_latency("Answered", "reply_ms", result["acknowledgement"]),
        "",
        EXPLAINED,
    ]
    return "\n".join(lines)


def _throughput(throughput: Mapping[str, Any]) -> list[str]:
    inline = throughput["inline"]["answered_per_second"]
    baton = throughput["baton"]["answered_per_second"]
    return [
        "| messages per second | inline | Baton | Baton / inline |",
        "| --- | ---: | ---: | ---: |",
        f"| as many as it can | {inline:.1f} | {baton:.1f} | {_ratio(baton, inline)} |",
    ]


def _latency(title: str, what: str, rows: list[Mapping[str, Any]]) -> list[str]:
    lines = [
        f"| {title}, ms, at | inline p50 | p95 | p99 | Baton p50 | p95 | p99 | p99 inline / Baton |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        inline, baton = row["inline"][what], row["baton"][what]
        cells = [_cell(each.get(share)) for each in (inline, baton) for share in ("p50", "p95", "p99")]
        ratio = _ratio(inline.get("p99"), baton.get("p99"))
        lines.append(f"| {row['share']:g}x capacity ({row['rate']:g}/s) | {' | '.join(cells)} | {ratio} |")
    return lines


def _cell(value: float | None) -> str:
    return "none" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _ratio(above: float | None, below: float | None) -> str:
    return f"{above / below:.1f}x" if above and below else "-"
