"""Meta's own description of the API, for tests: its schema of message requests, and its examples."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Mapping

import yaml
from openapi_schema_validator import OAS31Validator

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "meta"


@functools.cache
def sent_message_validator() -> OAS31Validator:
    """Checks what the business may send: Meta's schemas of v23.0, with what came since then.

    See the README beside them for what is mended in every schema of a message.
    """
    schemas = yaml.safe_load((FOLDER / "messages.yaml").read_text())["components"]["schemas"]
    base = schemas["BaseMessageProperties"]
    later = {"recipient": {"type": "string"}, "biz_opaque_callback_data": {"type": "string", "maxLength": 512}}
    for name, schema in schemas.items():
        if schema.get("allOf") and name.endswith("Message"):
            own = schema["allOf"][1]
            schemas[name] = {
                "type": "object",
                "properties": {**base["properties"], **own["properties"], **later},
                "required": ["messaging_product", *own["required"]],  # recipient_type may be left out
                "anyOf": [{"required": ["to"]}, {"required": ["recipient"]}],
                "additionalProperties": False,
            }
    schemas["LanguageObject"]["required"] = ["code"]  # `policy` is not in Meta's pages, and is not needed
    # the pattern of `index` is no pattern for numbers; button types came
    index = {"type": ["string", "integer"]}
    component = schemas["TemplateComponent"]["properties"]
    component["index"] = index
    component["sub_type"]["enum"] += ["copy_code", "flow"]
    for name in ("type", "sub_type"):  # Meta does not mind capitals: pywa sends them
        component[name]["enum"] += [word.upper() for word in component[name]["enum"]]
    schemas["InteractiveObject"]["properties"]["type"]["enum"] += [
        "cta_url",
        "location_request_message",
        "request_contact_info",
    ]
    later_names = {"enum": ["cta_url", "send_location", "request_contact_info", "catalog_message"]}
    action = schemas["ActionObject"]  # its alternatives overlap: an action that is only a name fits several
    action["anyOf"] = [*action.pop("oneOf"), {"required": ["name"], "properties": {"name": later_names}}]
    place = schemas["LocationMessage"]["properties"]["location"]["properties"]
    for name in ("latitude", "longitude"):  # strings in the schema, numbers in Meta's own examples
        place[name] = {"type": ["number", "string"]}
    return OAS31Validator({"$ref": "#/components/schemas/Message", "components": {"schemas": schemas}})


def examples() -> dict[str, dict[str, Any]]:
    """Meta's examples of calls of ``/messages``, by their names."""
    found: dict[str, dict[str, Any]] = yaml.safe_load((FOLDER / "examples.yaml").read_text())["x-examples"]
    return found


def check_accepted(body: Mapping[str, Any]) -> None:
    """Fail when Meta's schema forbids a message that the simulator has accepted."""
    if "status" in body:
        assert body["status"] == "read" and isinstance(body["message_id"], str)
        return
    sent = {"type": "text", **_without_nulls(body)}
    errors = sorted(sent_message_validator().iter_errors(sent), key=str)
    assert not errors, f"accepted, and forbidden by Meta: {body}\n{errors[0].message} at {list(errors[0].path)}"


def _without_nulls(value: Any) -> Any:
    """Null is as good as nothing for Meta: pywa sends it for the parts of a card that there are not."""
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value
