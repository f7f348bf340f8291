import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.readings import fold, readings, visible

HIDDEN = [
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u00ad",
    "\u202e",
    "\u2066",
    "\u061c",
    "\U000e0041",
    "\u3164",
    "\ue000",
    "\x07",
    "\ufe01",
    "\U000e0100",
]


@pytest.mark.parametrize("sign", HIDDEN)
def test_what_cannot_be_seen_is_dropped(sign):
    assert visible(f"re{sign}fund") == "refund"


@given(st.text())
def test_visible_text_has_no_control_or_format_character_but_line_ends(text):
    kept = visible(text)
    assert {unicodedata.category(each) for each in kept if each != "\n"} & {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"} == set()


@given(st.text())
def test_making_visible_twice_changes_nothing(text):
    assert visible(visible(text)) == visible(text)


def test_words_accents_and_emoji_stay():
    assert visible("Déjà vu ❤\ufe0f 😘\r\nñ") == "Déjà vu ❤\ufe0f 😘\nñ"


def test_marks_that_pile_up_are_cut_to_two():
    assert visible("Z" + "\u0324" * 9 + "x") == "Z\u0324\u0324x"


@pytest.mark.parametrize(
    "text", ["REFUND", "réfünd", "\uff32\uff45\uff46\uff55\uff4e\uff44", "r\u0435fund", "🆁🅴🅵🆄🅽🅳", "re\u200bfund", " refund\t"]
)
def test_texts_that_look_alike_fold_to_one(text):
    assert fold(text) == "refund"


def test_readings_join_letters_read_signs_and_shorten_what_is_drawn_out():
    assert {"i want a refund", "sue you now", "kill"} <= {
        *readings("I want a r3fuuund"),
        *readings("s.u.e you now"),
        *readings("killll"),
    }


@given(st.text())
def test_readings_are_letters_digits_and_single_blanks_and_each_comes_once(text):
    found = list(readings(text))
    assert (len(found), [read for read in found if "  " in read or read != read.strip()]) == (len(set(found)), [])
