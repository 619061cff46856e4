"""The shop's dataclasses as JSON and back (docs/shop-api.md): dates as ``2026-03-02``, sets and tuples as lists.

What comes from outside is checked against the dataclasses' own types. Members that nobody asked for are left aside.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from functools import cache
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")


class Malformed(ValueError):
    """The JSON is not what was promised: where, and what was expected there."""


def encode(value: Any) -> Any:
    """A dataclass of `actions.shop`, or any part of one, as JSON."""
    if is_dataclass(value):
        return {field.name: encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def decode(kind: type[T], value: Any, where: str) -> T:
    """``value`` as a ``kind``, one of the dataclasses. ``where`` names it in an error.

    Raises:
        Malformed: a member is missing or of another type.
    """
    read: T = _decode(kind, value, where)
    return read


def _decode(kind: Any, value: Any, where: str) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _dataclass(kind, value, where)
    if origin is Literal:
        return _expect(isinstance(value, str) and value in inner, value, where, f"one of {', '.join(inner)}")
    if origin in (tuple, frozenset):
        _expect(isinstance(value, list), value, where, "a list")
        return origin(_decode(inner[0], item, f"{where}[{index}]") for index, item in enumerate(value))
    if NoneType in inner:  # the only unions here are with None
        return None if value is None else _decode(next(each for each in inner if each is not NoneType), value, where)
    if kind is date:
        return _day(value, where)
    # True is a whole number to Python, and to nobody else.
    fits = type(value) is kind
    return _expect(fits, value, where, {int: "a whole number", str: "text", bool: "true or false"}[kind])


def _dataclass(kind: Any, value: Any, where: str) -> Any:
    _expect(isinstance(value, dict), value, where, "an object")
    types, members = _types(kind), {}
    for field in fields(kind):
        if field.name in value:
            members[field.name] = _decode(types[field.name], value[field.name], f"{where}.{field.name}")
        elif _is_required(field):
            raise Malformed(f"{where}.{field.name} is missing")
    return kind(**members)


def _is_required(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING


@cache
def _types(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _day(value: Any, where: str) -> date:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise Malformed(f"{where} must be a day such as 2026-03-02, not {_shown(value)}") from None


def _expect(fits: bool, value: Any, where: str, what: str) -> Any:
    if not fits:
        raise Malformed(f"{where} must be {what}, not {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    """What kind of thing it is: the value itself may be a customer's address."""
    names = {NoneType: "null", bool: "true or false", list: "a list", dict: "an object"}
    return "other text" if isinstance(value, str) else names.get(type(value), "a number")
