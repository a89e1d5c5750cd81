"""Text as the words that a contest of short answers would compare: folded, without punctuation, numbers as digits."""

from __future__ import annotations

import functools
import re
import unicodedata

from judge.text.normal import normalized


def bag(line: str) -> frozenset[str]:
    """Return the words of a line, as a set."""
    return frozenset(line.split())


#: Words that carry no answer.
STOP = bag(
    "a an the of in on at to for from by with and or as is are was were be been being it its this that these those "
    "he she they his her their who whom whose which what when where why how do does did has have had not"
)


def _counted(line: str, start: int = 0, step: int = 1) -> dict[str, str]:
    return {word: str(start + step * at) for at, word in enumerate(line.split())}


#: Month -> its number.
MONTHS = _counted("january february march april may june july august september october november december", 1)
_MONTH = {number: month for month, number in MONTHS.items()}
_SHORT_MONTHS = {month[:3]: month for month in MONTHS if month != "may"} | {"sept": "september"}
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
#: Numbers in words, which may be several words; "zero", "once" and "dozen" are no part of such a number.
_TENS = frozenset(range(20, 100, 10))
_TIMES = ("hundred", "thousand")
_SPELLED = {word: int(value) for word, value in _NUMBERS.items() if word not in ("zero", "once", "twice", "dozen")}
_SPELLED |= dict.fromkeys((*_TIMES, "and"), 0)
_ORDINAL = ("st", "nd", "rd", "th")
#: What a text lost or gained when it was scraped: marks inside of words and numbers, spaces, the notes of a web page.
_APOSTROPHE = re.compile(r"(?<=\w)['’`´](?=\w)")
_INITIALS = re.compile(r"(?<=\b[a-z])\.(?=[a-z]\b)|(?<=\b[a-z])\.\s+(?=[a-z]\.)")
_GROUPS = re.compile(r"(?<=\d),\s?(?=\d{3}\b)|(?<!\d\d\d\.)(?<=\d\.)\s{1,2}(?=\d)")
_HUMP = re.compile("[a-z][A-Z]")
_LITTLE = r"\b(the|has|have|had|is|are|was|were|in|from|of|on|at|to|by|and|as|about|over|only|approximately)"
_SPLIT = re.compile(_LITTLE + r"(?=\d)")
_CAMEL = re.compile(_LITTLE + r"(?=[A-Z][a-z])")
_MARK = re.compile(r"\b((?:1[0-9]|20)\d\d)\d{1,3}(?=[.,;]?(?:\s|$))|(?<=[a-z]{3})\d+\b")
_RANGE = re.compile(r"\b(1[0-9]|20)(\d\d) ?[-/] ?(\d\d)\b(?![-/])")
_ISO = re.compile(r"\b(\d{4})-(\d\d)-(\d\d)\b(?: 00:00:00)?")
_SLASHES = re.compile(r"\b(\d\d?)/(\d\d?)/(\d{4})\b")
_MISREAD = re.compile(r"[ÃÂ][\x80-\xbf]")
_ESCAPE = re.compile(r"(?<!\\)\\u([0-9a-fA-F]{4})")
_LETTERS = str.maketrans({"ø": "o", "Ø": "o", "æ": "ae", "Æ": "ae", "œ": "oe", "ß": "ss", "ł": "l", "Ł": "l", "đ": "d",
                          "ð": "d", "þ": "th", "ı": "i", "\xad": "", "\u200b": "", "–": " - ", "—": " - "})  # fmt: skip
_DIGIT = re.compile(r"\d")
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
    if "Ã" in text or "Â" in text:  # UTF-8 that somebody read as Latin-1
        text = _MISREAD.sub(lambda m: m[0].encode("latin-1").decode("utf-8"), text).replace("Â ", " ")
    parts = normalized("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).casefold().translate(_LETTERS)


def words(text: str) -> list[str]:
    """Return the words of a text. Spelled numbers, months, some units and some names get one spelling.

    A digit that is glued to a word is taken for the mark of a footnote and is dropped, but for little words, whose
    space was lost.

    >>> words("The twenty-1st of Sept., 1,000 cats' T. J. Miller"), words("born in 18991.")
    (['the', '20', '1', 'of', 'september', '1000', 'cat', 'tj', 'miller'], ['born', 'in', '1899'])
    >>> words("one hundred and two"), words("1979-80"), words("12/24/2001"), words("has3 of 1. 70 m")
    (['102'], ['1979', '1980'], ['december', '24', '2001'], ['has', '3', 'of', '1.7', 'm'])
    """
    if _HUMP.search(text):
        text = _CAMEL.sub(r"\1 ", text)
    text = _APOSTROPHE.sub("", fold(text))
    if "." in text:
        text = _INITIALS.sub("", text)
    if _DIGIT.search(text):
        text = _MARK.sub(lambda m: m[1] or "", _SPLIT.sub(r"\1 ", text))
        text = _dated(_GROUPS.sub("", text))
    if "united" in text or "great" in text or "new york" in text:
        text = _PHRASES.sub(lambda m: _PHRASE.get(m[1], "us"), text)
    found: list[str] = []
    spelled: list[str] = []  # the number in words that is being read
    before = ""
    for word in _WORD.findall(text):
        if word in _SPELLED and (word != "and" or (spelled and before in _TIMES)):
            spelled.append(word)
        else:
            if spelled:
                found += _number(spelled)
                spelled = []
            if word != "s" and not (word in _ORDINAL and before[-1:].isdecimal()):
                found.append(_one(word))
        before = word
    return found + _number(spelled) if spelled else found


def _number(spelled: list[str]) -> list[str]:
    """Return the words of a number as digits, one number if they are one: "one hundred and two", not "two three"."""
    total = group = 0
    free = 1000  # what comes next has to be less
    for word in spelled:
        if word == "hundred" and 0 < group < 10:
            group, free = group * 100, 100
        elif word == "thousand" and 0 < group < 1000 and not total:
            total, group, free = group * 1000, 0, 1000
        elif 0 < (value := _SPELLED[word]) < free and word not in _TIMES:
            group += value
            free = 10 if value in _TENS else 1
        elif word != "and":
            return [_one(w) for w in spelled]
    return [str(total + group), *(["and"] if spelled[-1] == "and" else [])]


@functools.lru_cache(maxsize=1 << 16)
def _one(word: str) -> str:
    if word[0].isdecimal():
        short = word.rstrip("0").rstrip(".") if "." in word else word
        return short if "." in short else short.lstrip("0") or "0"
    for table in (_SHORT_MONTHS, _NUMBERS, _ROMAN, _SAME):
        if word in table:
            return table[word]
    return _SAME.get(stem := _stem(word), stem)


def _dated(text: str) -> str:
    """Write out dates in digits, and the end of a span of years."""
    if "-" not in text and "/" not in text:
        return text
    text = _ISO.sub(lambda m: _date(m[0], m[1], m[2], m[3]), text)
    text = _SLASHES.sub(lambda m: _date(m[0], m[3], m[1], m[2]), text)
    return _RANGE.sub(r"\1\2 \1\3", text)


def _date(text: str, year: str, month: str, day: str) -> str:
    name = _MONTH.get(month.lstrip("0"))
    return f"{name} {day} {year}" if name else text


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


@functools.lru_cache(maxsize=1 << 14)
def trigrams(word: str) -> frozenset[str]:
    """Return the character trigrams of a word with its edges marked."""
    marked = f"^{word}$"
    return frozenset(marked[i : i + 3] for i in range(len(marked) - 2))
