"""Finds the programs that some tests need. A laptop without one skips those tests; CI must have them all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest


def find_program(*names: str) -> str | None:
    """The path of the first of these programs that is installed."""
    for name in names:
        if found := shutil.which(name):
            return found
    return None


def postgres_folder() -> Path | None:
    """The folder of ``initdb`` and ``pg_ctl``: on the path, or where Debian keeps them (newest version first)."""
    if on_path := find_program("initdb"):
        return Path(on_path).resolve().parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: -float(path.parts[-3]))
    return found[0].parent if found else None


def skip_without(found: object, name: str) -> None:
    """Skip the test that needs ``name``, with the reason; where ``CI`` is set, fail it."""
    if found:
        return
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{name} is not installed, and CI skips nothing")
    pytest.skip(f"{name} is not installed")
