"""Cleaning: nothing invisible is left but what writing needs, and every character that goes is counted."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge import Case, Rubric
from judge.text.cleaning import clean
from judge.text.fencing import fence

VISIBLE_FORMAT = set(range(0x600, 0x606)) | {0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}  # number signs
SPACE = set(map(ord, "\t\n\v\f\r\x85"))
# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties, as far as it is not of category Cf.
IGNORABLE = {
    *(0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2065, 0x3164, 0xFFA0),
    *range(0xFE00, 0xFE10),
    *range(0xFFF0, 0xFFF9),
    *range(0xE0000, 0xE1000),
}
HIEROGLYPHS = set(range(0x13430, 0x13440))  # their joiners, some of them younger than this Python's tables

#: What is written with characters that cannot be seen, and has to stay as it is.
WRITTEN = {
    "Persian": "می‌خواهم کتاب‌ها را بخوانم",
    "Persian suffix after Latin": "PDF‌ها",
    "the abbreviation of the Hijri year": "۱۴۰۲ ه‍.ش",
    "Hindi half form": "क्‍ष",
    "Sinhala": "ශ්‍රී ලංකාව",
    "Malayalam chillu": "ന്‍",
    "family": "👨‍👩‍👧‍👦",
    "skin tone and profession": "👩🏽‍⚕️",
    "heart on fire": "❤️‍🔥",
    "rainbow flag": "🏳️‍🌈",
    "keycap": "1️⃣",
    "text style": "☎︎",
    "flag of Scotland": "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
    "ideograph as in a name": "辻\U000e0100",
    "mathematical variant": "∩\ufe00",
    "Mongolian": "ᠠ\u180b",
    "old Korean": "\u115f\u1161",
    "line ends of other systems": "one\r\ntwo\u2028three\u0085four",
    "white space": "a\u00a0b\u2003c\u3000d\te",
    "plain": "x² ≠ ½, “naïve” – 東京 שלום مرحبا привет 한국어 e\u0301",
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in WRITTEN.items()])
def test_what_writing_needs_stays(text: str) -> None:
    assert clean(text) == (text, 0)


@pytest.mark.parametrize(
    ("text", "seen", "removed"),
    [
        ("4\u200b2", "42", 1),
        ("\ufeffyes", "yes", 1),
        ("co\u00adoperate", "cooperate", 1),
        ("no\u202e on\u202c", "no on", 2),
        ("ab\u200dc\u200cd", "abcd", 2),
        ("💥\u200dx", "💥x", 1),
        ("می\u200c\u200c\u200dخواهم", "می\u200cخواهم", 2),
        ("1\ufe0f\ufe0f\ufe0f", "1\ufe0f", 2),
        ("a\ufe0fb\U000e0100", "ab", 2),
        ("\x1b[31mred\x1b[0m", "[31mred[0m", 2),
        ("a\b\b\x00\x7fb", "ab", 4),
        ("🏴\U000e0068\U000e0069\U000e007f", "🏴", 3),
        ("\u3164\u2800", "\u2800", 1),
        ("2\u2062x", "2x", 1),
    ],
)
def test_what_hides_goes_and_is_counted(text: str, seen: str, removed: int) -> None:
    assert clean(text) == (seen, removed)


def test_every_invisible_character_of_unicode_is_known() -> None:
    everything = range(sys.maxunicode + 1)
    left = set(clean("".join(f"a{chr(code)}" for code in everything)).text)
    gone = {code for code in everything if chr(code) not in left}
    control = {code for code in everything if unicodedata.category(chr(code)) in ("Cc", "Cf")}
    assert gone == control - VISIBLE_FORMAT - SPACE | IGNORABLE | HIEROGLYPHS


PIECES = st.sampled_from(
    ["a", "1", "❤", "👩", "م", "क", "्", "辻", "\n", "🏴", *"\u200b\u200c\u200d\ufe0f\u180b\u202e\U000e0067"]
)


@given(st.lists(PIECES, max_size=30).map("".join) | st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once.text) == (once.text, 0)
    assert len(once.text) + once.removed == len(text)


def test_a_model_is_told_how_many_characters_were_removed() -> None:
    assert fence("a\u200bb", name="x").endswith(">\n(1 invisible character was removed from the text above.)")
    assert fence("\u200ba\u200bb", name="x").endswith(">\n(2 invisible characters were removed from the text above.)")
    assert fence("ab", name="x").endswith(">")


@pytest.mark.parametrize("field", ["question", "context", "reference", "response", "criterion"])
@pytest.mark.parametrize("name", ["correctness", "correctness_open", "grade", "pass_fail"])
def test_every_field_of_a_case_is_cleaned(name: str, field: str) -> None:
    plain = {"question": "q", "context": "con", "reference": "ref", "response": "res", "criterion": "cri"}
    rubric = Rubric.find(name)
    source = rubric.text
    user = rubric.render(Case(**plain | {field: "un\u2060se\U000e0041en"}))[-1].content
    if f"case.{field}" in source or (field == "reference" and "case.references" in source):
        assert "unseen\n</" in user
        assert user.count("(2 invisible characters were removed from the text above.)") == 1
    else:
        assert "invisible" not in user
