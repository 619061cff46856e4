"""The time, as one function that is passed in, so that tests can move it."""

from __future__ import annotations

import time
from typing import Callable

Clock = Callable[[], float]

system_clock: Clock = time.time
