"""The agent-channel protocol: what is signed is taken, and nothing else is; what is malformed is named."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handoff import protocol
from handoff.protocol import Envelope, ProtocolError

NOW = 1_700_000_000.0
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1)


@given(secret=WORDS, body=st.binary(), at=st.integers(0, 2**33))
def test_what_is_signed_with_the_shared_secret_is_taken(secret: str, body: bytes, at: int) -> None:
    protocol.verify(secret, protocol.sign(secret, body, at), body, now=at)


@given(secret=WORDS, other=WORDS, body=st.binary(), added=st.binary(min_size=1))
def test_another_secret_or_another_body_is_refused(secret: str, other: str, body: bytes, added: bytes) -> None:
    headers = protocol.sign(secret, body, NOW)
    wrong = [(secret, body + added)] + ([(other, body)] if other != secret else [])
    for used, read in wrong:
        with pytest.raises(ProtocolError) as caught:
            protocol.verify(used, headers, read, now=NOW)
        assert (caught.value.status, caught.value.code) == (401, "bad_signature")


@pytest.mark.parametrize(("skew", "taken"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_an_old_call_is_refused(skew: int, taken: bool) -> None:
    headers = protocol.sign("secret", b"{}", NOW)
    if taken:
        protocol.verify("secret", headers, b"{}", now=NOW + skew)
        return
    with pytest.raises(ProtocolError, match="clocks"):
        protocol.verify("secret", headers, b"{}", now=NOW + skew)


@given(timestamp=st.text(), signature=st.text())
@example("9" * 400, "sha256=")
def test_any_other_headers_are_refused_and_never_break_it(timestamp: str, signature: str) -> None:
    headers = {protocol.TIMESTAMP_HEADER: timestamp, protocol.SIGNATURE_HEADER: signature}
    with pytest.raises(ProtocolError) as caught:
        protocol.verify("secret", headers, b"{}", now=NOW)
    assert caught.value.status == 401


@pytest.mark.parametrize("timestamp", ["soon", "9" * 400, "1e9", ""])
def test_a_signed_timestamp_that_is_none_is_refused(timestamp: str) -> None:
    digest = protocol._digest("secret", timestamp, b"{}")
    headers = {protocol.TIMESTAMP_HEADER: timestamp, protocol.SIGNATURE_HEADER: f"sha256={digest}"}
    with pytest.raises(ProtocolError) as caught:
        protocol.verify("secret", headers, b"{}", now=NOW)
    assert caught.value.status == 401


def test_the_secret_and_the_time_are_part_of_the_signature() -> None:
    first = protocol.sign("secret", b"{}", NOW)
    moved = {**first, protocol.TIMESTAMP_HEADER: str(int(NOW) + 1)}
    with pytest.raises(ProtocolError, match="share a secret"):
        protocol.verify("secret", moved, b"{}", now=NOW)


@given(
    at=st.floats(0, 2**40), epoch=st.integers(0, 2**31), seq=st.integers(0, 2**62), handoff=st.none() | WORDS,
    data=st.dictionaries(WORDS, st.none() | st.booleans() | st.integers() | WORDS), words=st.tuples(WORDS, WORDS),
)  # fmt: skip
def test_an_envelope_arrives_as_it_was_sent(
    at: float, epoch: int, seq: int, handoff: str | None, data: dict[str, Any], words: tuple[str, str]
) -> None:
    sent = Envelope(words[0], protocol.AGENT_MESSAGE, at, words[1], handoff, epoch, seq, data)
    assert protocol.parse_envelope(sent.to_bytes(), protocol.COMMAND_TYPES) == sent


def test_half_a_character_does_not_stop_an_event() -> None:
    """A phone can cut an emoji in two. An event that cannot be written would hold up its conversation for ever."""
    body = Envelope("1", protocol.CUSTOMER_MESSAGE, NOW, "c", data={"text": "good \ud83d"}).to_bytes()
    assert protocol.parse_envelope(body, protocol.EVENT_TYPES).data == {"text": "good ?"}


@given(body=st.binary() | st.text().map(lambda text: text.encode("utf-8", "replace")))
@example(b"[" * 100_000)
def test_what_is_not_an_envelope_is_400(body: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        protocol.parse_envelope(body, protocol.COMMAND_TYPES)
    assert caught.value.status == 400


@given(st.fixed_dictionaries(
    {"id": JSON, "type": st.sampled_from(sorted(protocol.COMMAND_TYPES)) | JSON, "conversation_id": JSON},
    optional={"at": JSON, "handoff_id": JSON, "epoch": JSON, "seq": JSON, "data": JSON},
))  # fmt: skip
@example({"id": "1", "type": "agent.joined", "conversation_id": "c", "epoch": float("nan")})
@example({"id": "1", "type": "agent.joined", "conversation_id": "c", "epoch": float("inf")})
@example({"id": "1", "type": "agent.joined", "conversation_id": "c", "at": 10**400})
def test_any_object_is_read_or_refused_with_400(raw: dict[str, Any]) -> None:
    try:
        envelope = protocol.parse_envelope(json.dumps(raw).encode(), protocol.COMMAND_TYPES)
    except ProtocolError as error:
        assert error.status == 400 and error.body()["error"]["message"]
        return
    assert envelope.id and envelope.conversation_id and envelope.type in protocol.COMMAND_TYPES
    assert isinstance(envelope.epoch, int) and isinstance(envelope.data, dict)


@pytest.mark.parametrize("missing", ["id", "type", "conversation_id"])
def test_a_missing_field_is_named(missing: str) -> None:
    raw = {"id": "1", "type": protocol.AGENT_JOINED, "conversation_id": "c"}
    del raw[missing]
    with pytest.raises(ProtocolError, match=f"'{missing}'"):
        protocol.parse_envelope(json.dumps(raw).encode(), protocol.COMMAND_TYPES)


def test_an_unknown_type_names_the_known_ones() -> None:
    raw = {"id": "1", "type": "agent.sings", "conversation_id": "c"}
    with pytest.raises(ProtocolError, match=r"agent\.joined, agent\.message"):
        protocol.parse_envelope(json.dumps(raw).encode(), protocol.COMMAND_TYPES)


def test_commands_and_events_are_told_apart() -> None:
    assert not protocol.COMMAND_TYPES & protocol.EVENT_TYPES
    assert all(
        set(name) <= set(string.ascii_lowercase + "._") for name in protocol.COMMAND_TYPES | protocol.EVENT_TYPES
    )
