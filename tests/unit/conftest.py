"""Fixtures of the unit tests that several files share."""

from __future__ import annotations

from tests.unit.desk_support import database, desk, desk_database_url, running_desk

__all__ = ["database", "desk", "desk_database_url", "running_desk"]
