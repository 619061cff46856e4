"""This server's name in leases and claims, and which other servers of this machine are no more."""

from __future__ import annotations

import hashlib
import os
import socket
import uuid
from functools import lru_cache
from pathlib import Path
from typing import Iterable


def new_name() -> str:
    """A name that no other life of this or another server has: host, process, and something random."""
    return f"{place()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


@lru_cache(maxsize=1)
def place() -> str:
    """Where process ids mean something: this machine since it started, and in it this container. The host's name alone
    is not enough: containers may share it, and each has a process 1."""
    try:
        space = os.readlink("/proc/self/ns/pid") + Path("/proc/sys/kernel/random/boot_id").read_text()
    except OSError:  # no Linux, and so no containers
        space = str(uuid.getnode())
    return f"{socket.gethostname()}.{hashlib.sha256(space.encode()).hexdigest()[:8]}"


def gone(names: Iterable[str]) -> list[str]:
    """Those of the names whose process ran in this place and has ended. What they held can be released at once; what
    servers elsewhere hold expires by itself."""
    ended = []
    for name in names:
        where, _, rest = name.rpartition("/")[0].rpartition("/")
        if where == place() and (int(rest) == os.getpid() or not _runs(int(rest))):
            ended.append(name)
    return ended


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
