"""Cleaning: what a reader cannot see does not reach a model, and what was taken out is counted.

Removed are control characters, tag characters, zero-width and bidirectional controls, fillers, and every other
character that Unicode calls ignorable. Kept are white space, and invisible characters where writing needs them: a
joiner in an emoji or beside a letter of a script that joins (Persian, Hindi), one variation selector after a sign that
has variants, the flags of England, Scotland and Wales. Letters that look like other letters are left alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# Cc and Cf and Default_Ignorable_Code_Point of Unicode 16. Not here: white space, line ends among it, and the Arabic,
# Syriac and Kaithi number signs, which are Cf and yet visible.
_HIDDEN = (
    r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_EMOJI = r"\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_IDEOGRAPH = r"\u3001-\u303f\u3400-\u9fff\uf900-\ufaff\uff01-\uff60\U00020000-\U0003ffff"
# Blocks of scripts whose letters join or stack: Arabic, Syriac, N'Ko, Mandaic; Indic; Burmese, Khmer, Mongolian,
# Balinese, Javanese and their kin; the Indic and joining scripts beyond U+10000.
_JOINING = (
    r"\u0600-\u061b\u061d-\u07ff\u0840-\u0dff\u0f00-\u109f\u1780-\u17b3\u17b6-\u180a\u1810-\u18af\u1a20-\u1aad\u1b00-\u1bff"
    r"\ua840-\ua95f\ua980-\uaaf6\ufb50-\ufdff\ufe70-\ufefe\U00010a00-\U00010bff\U00010d00-\U00011fff"
    r"\U0001e900-\U0001e95f"
)
_FLAGS = "|".join(
    "\U0001f3f4" + "".join(chr(0xE0000 + ord(letter)) for letter in region) + "\U000e007f"
    for region in ("gbeng", "gbsct", "gbwls")
)
# Each reason for keeping a character rests on one that is visible, so that cleaning twice is cleaning once.
_KEPT = "|".join(
    (
        _FLAGS,
        rf"(?<=[{_EMOJI}])\u200d(?=[{_EMOJI}])",
        rf"(?<=[{_EMOJI}]\ufe0f)\u200d(?=[{_EMOJI}])",
        rf"(?<=[{_JOINING}])[\u200c\u200d]",
        rf"(?<![{_HIDDEN}])[\u200c\u200d](?=[{_JOINING}])",
        rf"(?<=[#*0-9\xa9\xae\u203c\u2049\u2122\u2139{_EMOJI}])[\ufe0e\ufe0f]",
        r"(?<=[0\u2190-\u2aff])\ufe00",
        rf"(?<=[{_IDEOGRAPH}])[\ufe00-\ufe02\U000e0100-\U000e01ef]",
        r"(?<=[\u1820-\u18aa])[\u180b-\u180f]",
        r"\u115f(?=[\u1161-\u11a7])",
        r"(?<=[\u1100-\u115e])\u1160",
    )
)
_SEARCH = re.compile(f"[{_HIDDEN}]")
_SEARCH_ASCII = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")  # four times as fast, and most texts need no more
_EITHER = re.compile(f"(?P<kept>{_KEPT})|[{_HIDDEN}]")


class Cleaned(NamedTuple):
    """A text without what cannot be seen, and how many characters that were."""

    text: str
    removed: int

    @property
    def note(self) -> str:
        """What a reader of the cleaned text is told: a fixed sentence, empty where nothing was removed."""
        if not self.removed:
            return ""
        counted = "1 invisible character was" if self.removed == 1 else f"{self.removed} invisible characters were"
        return f"({counted} removed from the text above.)"


def clean(text: str) -> Cleaned:
    """Take out what cannot be seen. Cleaning a second time takes out nothing more.

    Not covered: letters that look like others, blanks that have a width, marks heaped on one letter, and a message
    spelt by *which* of the legitimate joiners and selectors are used.

    >>> clean("4\\u200b2")
    Cleaned(text='42', removed=1)
    """
    if (_SEARCH_ASCII if text.isascii() else _SEARCH).search(text) is None:
        return Cleaned(text, 0)
    removed = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal removed
        if match["kept"]:
            return match[0]
        removed += 1
        return ""

    return Cleaned(_EITHER.sub(replace, text), removed)
