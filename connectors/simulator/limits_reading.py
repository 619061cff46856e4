"""How the limits read a message object: required parts, and lengths."""

from __future__ import annotations

from typing import Any, Mapping

from connectors.simulator.errors import GraphError


def path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def need_object(parent: Mapping[str, Any], name: str, where: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if value is None:
        raise GraphError(131008, f"{path(where, name)} is required.")
    if not isinstance(value, dict):
        raise GraphError(131009, f"{path(where, name)} must be an object.")
    return value


def need_list(parent: Mapping[str, Any], name: str, where: str) -> list[Any]:
    value = parent.get(name)
    if value is None:
        raise GraphError(131008, f"{path(where, name)} is required.")
    if not isinstance(value, list):
        raise GraphError(131009, f"{path(where, name)} must be a list.")
    return value


def need_text(parent: Mapping[str, Any], name: str, where: str) -> str:
    """A string with something in it besides blanks."""
    value = parent.get(name)
    if value is None or value == "":
        raise GraphError(131008, f"{path(where, name)} is required.")
    if not isinstance(value, str) or not value.strip():
        raise GraphError(131009, f"{path(where, name)} must be a string that is not blank.")
    return value


def at_most(value: str, limit: int, where: str, code: int = 131009) -> None:
    if len(value) > limit:
        raise GraphError(code, f"{where} has {len(value)} characters; at most {limit} are allowed.")


def need_unique(values: list[str], where: str) -> None:
    if len(set(values)) != len(values):
        raise GraphError(131009, f"{where} must be different from each other.")
