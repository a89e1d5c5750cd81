"""Text as the words that a contest of short answers would compare: folded, without punctuation, numbers as digits."""

from __future__ import annotations

import functools
import re
import unicodedata


def bag(line: str) -> frozenset[str]:
    """Return the words of a line, as a set."""
    return frozenset(line.split())


#: Words that carry no answer.
STOP = bag(
    "a an the of in on at to for from by with and or as is are was were be been being it its this that these those "
    "he she they his her their who whom whose which what when where why how do does did has have had not"
)
MONTHS = bag("january february march april may june july august september october november december")
_SHORT_MONTHS = {month[:3]: month for month in MONTHS if month != "may"} | {"sept": "september"}


def _counted(line: str, start: int = 0, step: int = 1) -> dict[str, str]:
    return {word: str(start + step * at) for at, word in enumerate(line.split())}


_NUMBERS = _counted("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen")
_NUMBERS |= _counted("sixteen seventeen eighteen nineteen", 16) | _counted("twenty thirty forty fifty sixty", 20, 10)
_NUMBERS |= _counted("seventy eighty ninety", 70, 10) | _counted("first second third fourth fifth sixth seventh", 1)
_NUMBERS |= _counted("eighth ninth tenth", 8) | {"once": "1", "twice": "2", "dozen": "12"}
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12"}
_SAME = {
    "usa": "us", "america": "us", "american": "us", "uk": "britain", "england": "britain", "british": "britain",
    "english": "britain", "saint": "st", "mount": "mt", "doctor": "dr", "mister": "mr", "junior": "jr",
    "ft": "feet", "foot": "feet", "km": "kilometer", "kilometre": "kilometer", "mi": "mile", "lb": "pound",
    "kg": "kilogram", "percent": "%", "percentage": "%", "ok": "okay", "tv": "television", "photo": "photograph",
    "mom": "mother", "mum": "mother", "dad": "father", "colour": "color", "centre": "center", "theatre": "theater",
    "ww1": "wwi", "ww2": "wwii", "versus": "vs", "volume": "vol", "number": "no", "william": "bill", "robert": "bob",
    "james": "jim", "michael": "mike", "thomas": "tom", "joseph": "joe", "richard": "dick", "samuel": "sam",
    "daniel": "dan", "benjamin": "ben", "edward": "ed", "christopher": "chris", "matthew": "matt", "anthony": "tony",
}  # fmt: skip
_PHRASES = re.compile(r"\b(united states(?: of us| of america)?|united kingdom|great britain|new york city)\b")
_PHRASE = {"united states": "us", "united kingdom": "britain", "great britain": "britain", "new york city": "new york"}
_GLUE = re.compile(r"(?<=\d),(?=\d{3}\b)|(?<=\w)['’`´](?=\w)|(?<=\b[a-z])\.(?=[a-z]\b)|(?<=\b[a-z])\.\s+(?=[a-z]\.)")
_MARK = re.compile(r"\b((?:1[0-9]|20)\d\d)\d{1,3}(?=[.,;]?(?:\s|$))|(?<=[a-z]{3})\d+\b")
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_LETTERS = str.maketrans({"ø": "o", "Ø": "o", "æ": "ae", "Æ": "ae", "œ": "oe", "ß": "ss", "ł": "l", "Ł": "l", "đ": "d",
                          "ð": "d", "þ": "th", "ı": "i", "\xad": "", "\u200b": "", "–": " - ", "—": " - "})  # fmt: skip
_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+|[%$€£]")
_YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")


def fold(text: str) -> str:
    """Return the text in lower case without accents. Letters of other scripts stay.

    >>> fold("Beyoncé  Knowles")
    'beyonce  knowles'
    """
    if "\\u" in text:  # escapes that somebody forgot to read
        text = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), text)
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).casefold().translate(_LETTERS)


def words(text: str) -> list[str]:
    """Return the words of a text. Spelled numbers, months, some units and some names get one spelling.

    A digit that is glued to a word is taken for the mark of a footnote and is dropped.

    >>> words("The twenty-1st of Sept., 1,000 cats' T. J. Miller"), words("born in 18991.")
    (['the', '20', '1', 'of', 'september', '1000', 'cat', 'tj', 'miller'], ['born', 'in', '1899'])
    """
    text = _GLUE.sub("", fold(text))
    text = _MARK.sub(lambda m: m[1] or "", text)
    text = _PHRASES.sub(lambda m: _PHRASE.get(m[1], "us"), text)
    found = []
    before = ""
    for word in _WORD.findall(text):
        if word in ("st", "nd", "rd", "th", "s") and before[-1:].isdecimal():
            continue
        if word != "s":
            found.append(_one(word))
        before = word
    return found


@functools.lru_cache(maxsize=1 << 16)
def _one(word: str) -> str:
    if word[0].isdecimal():
        return word.lstrip("0") or "0" if "." not in word else word
    for table in (_SHORT_MONTHS, _NUMBERS, _ROMAN, _SAME):
        if word in table:
            return table[word]
    return _SAME.get(stem := _stem(word), stem)


def _stem(word: str) -> str:
    """Return the word without a plural ending; nothing cleverer, as names must survive."""
    if len(word) < 4 or word in MONTHS or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") else word


def is_number(word: str) -> bool:
    """Whether the word is written in digits."""
    return word[0].isdecimal()


def is_year(word: str) -> bool:
    """Whether the word may be a year between 1000 and 2099."""
    return len(word) == 4 and _YEAR.fullmatch(word) is not None


def trigrams(word: str) -> frozenset[str]:
    """Return the character trigrams of a word with its edges marked."""
    marked = f"^{word}$"
    return frozenset(marked[i : i + 3] for i in range(len(marked) - 2))
