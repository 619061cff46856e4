"""This server's name in leases and claims, and which other servers of this machine are no more."""

from __future__ import annotations

import os
import socket
import uuid
from typing import Iterable


def new_name() -> str:
    """A name that no other life of this or another server has: host, process, and something random."""
    return f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}"


def gone(names: Iterable[str]) -> list[str]:
    """Those of the names whose process ran on this machine and has ended. What they held can be released at once; what
    servers elsewhere hold expires by itself."""
    host = socket.gethostname()
    ended = []
    for name in names:
        where, _, rest = name.rpartition("/")[0].rpartition("/")
        if where == host and (int(rest) == os.getpid() or not _runs(int(rest))):
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
