"""YAML read strictly: each value knows its line, what is not known is a mistake, and all mistakes are told at once."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Any, Callable, Collection, Iterable, Mapping

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

_PLAIN: Mapping[str, Callable[[str], Any]] = {
    "int": int, "float": float, "bool": lambda text: text.lower() == "true", "null": lambda text: None,
}  # fmt: skip
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|second|seconds|min|minute|minutes|h|hour|hours|day|days)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Value:
    """A value and its line. ``data`` is a mapping of `Value`, a list of `Value`, or a plain text, number or flag.

    A date stays the text that it is written as.
    """

    data: Any
    line: int
    keys: Mapping[str, int] = field(default_factory=dict)  # the lines of a mapping's names

    @property
    def plain(self) -> Any:
        """The data without lines."""
        if isinstance(self.data, Mapping):
            return {name: value.plain for name, value in self.data.items()}
        return [value.plain for value in self.data] if isinstance(self.data, list) else self.data


class Mistakes:
    """Gathers what is wrong in a file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: list[tuple[int, str]] = []

    def add(self, line: int, text: str) -> None:
        self._found.append((line, text))

    def __len__(self) -> int:
        return len(self._found)

    def lines(self) -> tuple[str, ...]:
        """``handoff.yml, line 12: ...``, in the order of the file, each once."""
        return tuple(dict.fromkeys(f"{self.file}, line {line}: {text}" for line, text in sorted(self._found)))


def parse(text: str, mistakes: Mistakes) -> Value | None:
    """The document as `Value`; None when it is empty or cannot be read at all."""
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        mistakes.add(mark.line + 1 if mark else 1, f"this is not valid YAML: {error.problem or error.context}")
        return None
    except YAMLError as error:
        mistakes.add(1, f"this is not valid YAML: {error}")
        return None
    return None if node is None else _value(node, mistakes)


def _value(node: Node, mistakes: Mistakes) -> Value:
    line = node.start_mark.line + 1
    if isinstance(node, SequenceNode):
        return Value([_value(item, mistakes) for item in node.value], line)
    if not isinstance(node, MappingNode):
        return Value(_PLAIN.get(node.tag.rsplit(":", 1)[-1], str)(node.value), line)
    found: dict[str, Value] = {}
    keys: dict[str, int] = {}
    for key, value in node.value:
        name, at = str(key.value), key.start_mark.line + 1
        if name in found:
            mistakes.add(at, f"'{name}' stands here twice; the first is in line {keys[name]}")
            continue
        found[name], keys[name] = _value(value, mistakes), at
    return Value(found, line, keys)


class Section:
    """A mapping that is being read. Each method returns None (or the default) where it finds a mistake, and notes it.

    ``where`` says in words what is read, such as ``criterion 'angry'``.
    """

    def __init__(self, value: Value, where: str, mistakes: Mistakes, allowed: Collection[str]) -> None:
        self.line, self.where, self.mistakes = value.line, where, mistakes
        self._values: Mapping[str, Value] = {}
        self._misspelt = False
        if not isinstance(value.data, Mapping):
            self.wrong(value, f"this must be a mapping with {listed(allowed)}, not {shown(value.data)}")
            return
        for name in value.data:
            if name not in allowed:
                self._misspelt = True
                self._note(value.keys[name], unknown(name, allowed))
        self._values = {name: entry for name, entry in value.data.items() if name in allowed}

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str) -> Value | None:
        return self._values.get(name)

    def wrong(self, value: Value | None, text: str) -> None:
        self._note(value.line if value else self.line, text)

    def required(self, name: str) -> Value | None:
        if name not in self._values and not self._misspelt:  # else it probably stands there, spelt wrongly
            self._note(self.line, f"'{name}' is missing")
        return self._values.get(name)

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self.get(name)
        if value is None or value.data is None:
            return default
        if not isinstance(value.data, str) or not value.data.strip():
            self.wrong(value, f"'{name}' must be a text, not {shown(value.data)}")
            return default
        return value.data.strip()

    def choice(self, name: str, allowed: Collection[str], default: str) -> str:
        value = self.get(name)
        if value is None:
            return default
        if value.data not in allowed:
            self.wrong(value, f"'{name}' is {shown(value.data)}; allowed: {listed(allowed)}")
            return default
        return str(value.data)

    def flag(self, name: str, default: bool) -> bool:
        value = self.get(name)
        if value is None:
            return default
        if not isinstance(value.data, bool):
            self.wrong(value, f"'{name}' must be true or false, not {shown(value.data)}")
            return default
        return value.data

    def whole(self, name: str, default: int, least: int = 1) -> int:
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value.data, bool) or not isinstance(value.data, int) or value.data < least:
            self.wrong(value, f"'{name}' must be a whole number from {least} on, not {shown(value.data)}")
            return default
        return value.data

    def number(self, name: str, default: float, least: float, most: float) -> float:
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value.data, bool) or not isinstance(value.data, (int, float)) or not least <= value.data <= most:
            self.wrong(value, f"'{name}' must be a number from {least:g} to {most:g}, not {shown(value.data)}")
            return default
        return float(value.data)

    def seconds(self, name: str, default: float | None) -> float | None:
        """Seconds of ``5 min``, ``90 s``, ``2 hours`` or ``1 day``."""
        value = self.get(name)
        if value is None:
            return default
        found = _DURATION.fullmatch(value.data.strip()) if isinstance(value.data, str) else None
        if found is None or float(found.group(1)) == 0:
            self.wrong(value, f"'{name}' is {shown(value.data)}; write a time such as 30 s, 5 min, 2 hours or 1 day")
            return default
        return float(found.group(1)) * _SECONDS[found.group(2)[0]]

    def words(self, name: str) -> tuple[str, ...]:
        """One text or a list of them."""
        value = self.get(name)
        return () if value is None else self.words_in(value, name)

    def words_in(self, value: Value, name: str) -> tuple[str, ...]:
        """The texts of a value that is one text or a list of them."""
        several = value.data if isinstance(value.data, list) else [value]
        good = [item for item in several if isinstance(item.data, str) and item.data.strip()]
        for item in several:
            if item not in good:
                self.wrong(item, f"'{name}' must be a text or a list of texts, not {shown(item.data)}")
        return tuple(item.data.strip() for item in good)

    def known(self, name: str, words: Iterable[str], known: Collection[str] | None, kind: str) -> None:
        """Note each word that is not among ``known``, the domain's names; None: the domain is not at hand."""
        value = self.get(name)
        for word in words:
            if known is not None and word not in known:
                self.wrong(value, f"the domain has no {kind} '{word}'{near(word, known)}")

    def _note(self, line: int, text: str) -> None:
        self.mistakes.add(line, f"{self.where}: {text}" if self.where else text)


def unknown(name: str, allowed: Collection[str]) -> str:
    return f"'{name}' is not known here; allowed: {listed(allowed)}"


def listed(names: Collection[str]) -> str:
    return ", ".join(names)


def near(name: str, known: Collection[str]) -> str:
    """`` (did you mean 'x'?)`` when one of the known names looks like it, else nothing."""
    close = difflib.get_close_matches(name, list(known), 1)
    return f" (did you mean '{close[0]}'?)" if close else ""


def shown(data: Any) -> str:
    """A wrong value as the message shows it."""
    if isinstance(data, Mapping):
        return "a mapping"
    if isinstance(data, list):
        return "a list"
    if data is None:
        return "nothing"
    return str(data).lower() if isinstance(data, bool) else f"'{data}'" if isinstance(data, str) else str(data)
