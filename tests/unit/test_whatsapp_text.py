"""Cutting long texts where a reader would pause."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.whatsapp_text import clean, split, split_tail


def squeezed(text: str) -> str:
    return "".join(text.split())


def test_a_text_within_the_limit_is_left_alone() -> None:
    assert split("x" * 4096, 4096) == ["x" * 4096]


def test_a_text_of_4097_characters_becomes_two() -> None:
    assert [len(piece) for piece in split("x" * 4097, 4096)] == [4096, 1]


def test_a_paragraph_border_is_preferred_to_a_sentence_and_that_to_a_word() -> None:
    paragraph = "One two. " * 6
    assert split(f"{paragraph}\n\nThree. Four five", 70) == [paragraph.strip(), "Three. Four five"]
    assert split("Aaaa bbbb. Cccc dddd. Eeee ffff gggg", 30) == ["Aaaa bbbb. Cccc dddd.", "Eeee ffff gggg"]
    assert split("aaaa bbbb cccc dddd", 12) == ["aaaa bbbb", "cccc dddd"]


def test_a_closing_quote_stays_with_its_sentence() -> None:
    assert split('He said "go now." Then he went', 20) == ['He said "go now."', "Then he went"]


def test_an_emoji_of_several_characters_is_not_cut_in_half() -> None:
    family = "👨\u200d👩\u200d👧"
    assert "".join(split(family * 20, 12)) == family * 20
    assert all(not piece.startswith("\u200d") for piece in split(family * 20, 12))


def test_white_space_alone_gives_nothing() -> None:
    assert split(" \n\t ", 10) == []
    assert split_tail("  ", 10) == ("", "")


def test_the_tail_is_the_end_and_fits() -> None:
    head, tail = split_tail("First part here. Second part there. Done.", 20)
    assert (head, tail) == ("First part here. Second part there.", "Done.")


words = st.text(alphabet=st.sampled_from("ab.!? \n\u200d\u0301é。'\")"), max_size=300)


@given(words | st.text(max_size=300), st.integers(1, 60))
def test_nothing_but_white_space_is_lost_and_every_piece_fits(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert squeezed("".join(pieces)) == squeezed(text)
    assert all(0 < len(piece) <= limit for piece in pieces)
    head, tail = split_tail(text, limit)
    assert squeezed(head + tail) == squeezed(text) and len(tail) <= limit


@given(st.text() | st.sampled_from(["\ud800", "\x00", "a\udfffb"]))
def test_cleaned_text_can_be_encoded_and_has_no_nul(text: str) -> None:
    assert "\x00" not in clean(text).encode("utf-8").decode()
