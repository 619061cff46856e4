"""The desk's database schema: bring it up to date, or say how far behind it is."""

from __future__ import annotations

from pathlib import Path

from handoff.migrate import Schema

DESK = Schema(Path(__file__).parent / "migrations", "DESK_DATABASE_URL", "python -m handoff desk migrate")
upgrade, prepare, is_current = DESK.upgrade, DESK.prepare, DESK.is_current
