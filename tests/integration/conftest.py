"""Traffic for the fault tests."""

from __future__ import annotations

from typing import Iterator

import pytest

from tests.support.faults import new_traffic
from tests.support.load import Traffic
from tests.support.stack import Stack


@pytest.fixture
def traffic(stack: Stack) -> Iterator[Traffic]:
    """50 customers and an agent, who begin with ``traffic.running()``."""
    traffic = new_traffic(stack)
    yield traffic
    traffic.close()
