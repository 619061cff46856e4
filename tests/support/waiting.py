"""Waiting on a condition, never on the clock."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

Found = TypeVar("Found")


def wait_until(
    what: str,
    check: Callable[[], Found],
    timeout: float = 20,
    seen: Callable[[], object] | None = None,
    every: float = 0.05,
) -> Found:
    """Ask ``check`` until it returns something true, and return that.

    Raises:
        AssertionError: ``timeout`` seconds went by; says what was waited for, and what was ``seen`` instead.
    """
    deadline = time.monotonic() + timeout
    while True:
        found = check()
        if found:
            return found
        if time.monotonic() > deadline:
            instead = f"; seen instead: {seen()}" if seen else ""
            raise AssertionError(f"{what}: not within {timeout:g} s{instead}")
        time.sleep(every)
