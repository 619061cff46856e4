"""The OpenAPI document of the desk's API, written by hand and kept true by a test."""

from __future__ import annotations

from typing import Any

from handoff import protocol
from handoff.desk import words

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
NUMBER_OR_NULL: Schema = {"type": "number", "nullable": True}
TEXT_OR_NULL: Schema = {"type": "string", "nullable": True}


def document() -> Schema:
    item = "/api/v1/conversations/{id}"
    return {
        "openapi": "3.0.3",
        "info": {
            "title": "Baton desk",
            "version": "1",
            "description": "The agent desk for scripts. Times are Unix seconds.",
        },
        "security": [{"token": []}],
        "paths": {
            "/api/v1/openapi.json": {"get": _operation("openapi", "This document", _any_object())},
            "/api/v1/conversations": {"get": _list()},
            item: {"get": _act("conversation", "One conversation: context, transcript, customer", None)},
            f"{item}/accept": {"post": _act("accept", "Take a waiting conversation", {})},
            f"{item}/messages": {"post": _message()},
            f"{item}/notes": {"post": _note()},
            f"{item}/transfer": {
                "post": _act("transfer", "Give it to an agent, or to the queue", {"to": TEXT_OR_NULL, "reason": STRING})
            },
            f"{item}/resolve": {
                "post": _act("resolve", "Close the handoff", _RESOLVE, required=["outcome"])
            },
            f"{item}/return": {
                "post": _act("return", "Give it back to the bot", {"note": STRING, "slots": _any_object()})
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Conversation": _conversation(), "WholeConversation": _whole(), "Error": _error()},
        },
    }  # fmt: skip


def _any_object() -> Schema:
    return {"type": "object", "additionalProperties": True}


_RESOLVE: Schema = {
    "outcome": {"type": "string", "enum": list(protocol.OUTCOMES)},
    "note": STRING,
    "slots": _any_object(),
}
_TEXT_BODY: Schema = {"text": {"type": "string", "minLength": 1}}
_TEMPLATE: Schema = {
    "type": "object",
    "properties": {
        "name": STRING,
        "language": STRING,
        "parameters": {"type": "object", "additionalProperties": STRING},
    },
    "required": ["name", "language"],
}
_MESSAGE_BODY: Schema = {
    **_TEXT_BODY,
    "reply_to": {"type": "string", "description": "The message_id of a line of the customer's"},
    "template": _TEMPLATE,
}
_IDEMPOTENCY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": STRING,
    "description": "The same key again is the same message: it is sent once.",
}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def _operation(operation_id: str, summary: str, answer: Schema, status: str = "200") -> Schema:
    responses: Schema = {status: {"description": "Done", "content": _json(answer)}}
    meanings = {"400": "The request is wrong", "401": "No valid token", "503": "Try again later"}
    for code, meaning in meanings.items():
        responses[code] = {"description": meaning, "content": _json(_ref("Error"))}
    return {"operationId": operation_id, "summary": summary, "responses": responses}


def _act(
    operation_id: str, summary: str, body: Schema | None, required: list[str] | None = None,
    answer: Schema | None = None, status: str = "200",
) -> Schema:  # fmt: skip
    operation = _operation(operation_id, summary, answer or _ref("WholeConversation"), status)
    operation["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": STRING}]
    for code, meaning in {"404": "Not found", "409": "It does not fit the state it is in"}.items():
        operation["responses"][code] = {"description": meaning, "content": _json(_ref("Error"))}
    if body:
        schema: Schema = {"type": "object", "properties": body}
        if required:
            schema["required"] = required
        operation["requestBody"] = {"required": bool(required), "content": _json(schema)}
    return operation


def _message() -> Schema:
    answer = {"type": "object", "properties": {"command_id": STRING, "status": STRING}}
    operation = _act("send", "Send a text to the customer, or a template", _MESSAGE_BODY, [], answer, "202")
    operation["parameters"].append(_IDEMPOTENCY)
    return operation


def _note() -> Schema:
    answer = {"type": "object", "properties": {"status": STRING}}
    operation = _act("note", "Leave a note that only agents see", _TEXT_BODY, ["text"], answer, "201")
    operation["parameters"].append(_IDEMPOTENCY)
    return operation


def _list() -> Schema:
    rows = {
        "type": "object",
        "properties": {"conversations": {"type": "array", "items": _ref("Conversation")}},
    }
    operation = _operation("conversations", "Conversations, newest first", rows)
    limit = {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    operation["parameters"] = [
        {"name": "state", "in": "query", "schema": {"type": "string", "enum": list(words.STATES)}},
        {"name": "q", "in": "query", "schema": STRING},
        {"name": "limit", "in": "query", "schema": limit},
    ]
    return operation


def _conversation() -> Schema:
    owner = {"type": "object", "nullable": True, "properties": {"id": STRING, "name": STRING}}
    texts = ("handoff_id", "language", "topic", "reason", "last_author", "last_text")
    properties: Schema = {
        "id": STRING,
        "state": {"type": "string", "enum": list(words.STATES)},
        "owner": owner,
        "customer": _any_object(),
        "epoch": {"type": "integer"},
        "unread": {"type": "integer"},
        "priority": STRING,
        "customer_name": STRING,
        "customer_address": STRING,
        "last_at": {"type": "number"},
        "window_ends_at": NUMBER_OR_NULL,
        "waiting_since": NUMBER_OR_NULL,
        **{name: TEXT_OR_NULL for name in texts},
    }
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _whole() -> Schema:
    extra = {
        "context": {**_any_object(), "nullable": True},
        "handoffs": {"type": "array", "items": _any_object()},
        "transcript": {"type": "array", "items": _any_object()},
    }
    return {"allOf": [_ref("Conversation"), {"type": "object", "properties": extra, "required": sorted(extra)}]}


def _error() -> Schema:
    error = {
        "type": "object",
        "properties": {"code": STRING, "message": STRING},
        "required": ["code", "message"],
    }
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}
