"""What the fault tests share: how long they run, the fixtures of traffic, and the reckoning at the end."""

from __future__ import annotations

import os
import random
import time

from tests.support.ledger import Figures, Ledger
from tests.support.load import Traffic
from tests.support.stack import Stack

__all__ = ["LONG", "Traffic", "new_traffic", "settle_and_check"]

LONG = bool(os.environ.get("BATON_TEST_LONG"))
SETTLED_WITHIN = 2400 if LONG else 300  # seconds; the machine may be busy


def new_traffic(stack: Stack) -> Traffic:
    """Traffic with a seed of its own; ``BATON_TEST_SEED`` repeats a run."""
    return Traffic(stack, seed=int(os.environ.get("BATON_TEST_SEED") or random.randrange(1_000_000)))


def settle_and_check(traffic: Traffic, what: str, in_order: bool = True) -> Figures:
    """Wait until all that was written has been handled, print what it came to, and fail if anything is wrong."""
    started = time.monotonic()
    ledger = Ledger(traffic, in_order)
    ledger.settle(SETTLED_WITHIN)
    figures = ledger.check()
    print(f"{traffic.stack.backend.name}, {what}: {figures}; settled after {time.monotonic() - started:.0f} s")
    if figures.problems:
        raise AssertionError(f"{len(figures.problems)} problems:\n" + "\n".join(figures.problems[:40]))
    return figures
