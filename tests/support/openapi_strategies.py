"""Hypothesis strategies from an OpenAPI description: values as the schema allows them, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping

import yaml
from hypothesis import strategies as st

Schema = Mapping[str, Any]


class Description:
    """The schemas of one OpenAPI file. `values` makes what one of them allows.

    ``additionalProperties`` is not looked at: Meta forbids in one part of an ``allOf`` what the other requires.
    """

    def __init__(self, file: Path) -> None:
        self._schemas: Mapping[str, Schema] = yaml.safe_load(file.read_text(encoding="utf-8"))["components"]["schemas"]

    def values(self, name: str) -> st.SearchStrategy[Any]:
        """Values of the schema with this name."""
        return self._of(self._schemas[name])

    def _of(self, schema: Schema) -> st.SearchStrategy[Any]:
        schema = self._resolved(schema)
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        for key in ("oneOf", "anyOf"):
            if key in schema:
                return st.one_of(*(self._of({**_rest(schema, key), **self._resolved(each)}) for each in schema[key]))
        kind = schema.get("type") or ("object" if "properties" in schema else None)
        if kind == "object":
            return self._object(schema)
        if kind == "array":
            return st.lists(self._of(schema.get("items", {})), max_size=3)
        plain: dict[Any, st.SearchStrategy[Any]] = {
            "string": st.text(max_size=12),
            "integer": st.integers(),
            "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
            "boolean": st.booleans(),
        }
        return plain.get(kind, st.none())

    def _object(self, schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
        required = set(schema.get("required", ()))
        parts = {name: st.deferred(lambda part=part: self._of(part)) for name, part in schema["properties"].items()}
        return st.fixed_dictionaries(
            {name: part for name, part in parts.items() if name in required},
            optional={name: part for name, part in parts.items() if name not in required},
        )

    def _resolved(self, schema: Schema) -> Schema:
        """A schema without ``$ref`` and ``allOf`` at its top: their parts joined."""
        if "$ref" in schema:
            return self._resolved(self._schemas[schema["$ref"].rpartition("/")[2]])
        if "allOf" not in schema:
            return schema if "properties" in schema or schema.get("type") != "object" else {**schema, "properties": {}}
        joined: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        for part in (*map(self._resolved, schema["allOf"]), _rest(schema, "allOf")):
            joined["properties"] = {**joined["properties"], **part.get("properties", {})}
            joined["required"] = [*joined["required"], *part.get("required", ())]
            joined |= {key: part[key] for key in ("oneOf", "anyOf") if key in part}
        return joined


def _rest(schema: Schema, key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in (key, "discriminator")}
