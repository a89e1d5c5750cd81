"""Marks: which characters say nothing by themselves, and how one sees that they, or nothing at all, were asked for."""

from __future__ import annotations

import re

from judge.text.cleaning import clean
from judge.text.normal import normalized

#: What each mark is called, so that ":" is left alone where the reference is "a colon".
_CALLED = {
    ".": r"period|full stop|dots?|points?|decimal|ellips\w*|punto|punkt|ponto|точк|句号|句點|句点|ピリオド|マル",
    ",": r"commas?|coma|komma|virgule|virgola|vírgula|запят|逗号|逗點|読点|コンマ|カンマ",
    ":": r"colons?|ratio|dos puntos|deux.points|doppelpunkt|due punti|dois pontos|двоеточ|冒号|コロン",
    ";": r"semi.?colons?|punto y coma|point.virgule|semikolon|strichpunkt|точк|分号|セミコロン",
    "!": r"exclam\w*|bang|factorial|negat\w*|ausrufe\w*|восклиц|感叹号|感嘆符",
    "?": r"question|unknown|interrog\w*|fragezeichen|вопрос|问号|疑問符",
    "-": r"dash|dashes|hyphens?|minus|negative|subtract\w*|lines?|guion|guión|tiret|strich|тире|дефис|减|横线|マイナス",
    "*": r"asterisks?|stars?|times|multipl\w*|product|pointer|wildcard|asterisco|sternchen|звездоч|星号",
    "_": r"under.?scores?|wildcard|подчерк|下划线",
    "#": r"hash|hashtag|pound|sharp|number|comment|octothorpe|raute|решетк|井号|シャープ",
    "`": r"back.?ticks?|back.?quotes?|grave|accent",
    '"': r"quot\w*|inch|inches|seconds?|ditto|comillas|guillemets?|кавыч|引号",
    "'": r"quot\w*|apostrophe|prime|foot|feet|minutes?|accent",
}
MARKS = frozenset(_CALLED)
_NAMES = {
    mark: re.compile(
        "|".join(rf"\b{name}\b" if name.isascii() else name for name in names.split("|")),
        re.IGNORECASE,
    )
    for mark, names in _CALLED.items()
}
_PUNCTUATION = r"punct|puntu|pontua|ponctu|interpun|пунктуац|标点|標點|約物|句読点|satzzeichen"
_NAMES_MARK = re.compile(
    rf"{_PUNCTUATION}|\b(?:marks?|signs?|symbols?|characters?|operators?|notation|syntax)\b", re.IGNORECASE
)
_ASKS_FOR_MARK = re.compile(
    rf"{_PUNCTUATION}|\b(?:symbols?|special characters?|operators?|delimiters?|separators?|morse|keyboard|regex|"
    r"regular expression)\b",
    re.IGNORECASE,
)
_NAMES_NOTHING = re.compile(
    r"\b(?:nothing|none|no|not|null|nil|never|blank|empty|emptyset|varnothing|silen\w*|void|white.?space|spaces?|"
    r"newline|n/?a|dne|undefined|unanswer\w*|nada|ninguno|rien|aucun\w*|nichts|leer|keine?r?|niente|nessuno|ничего|"
    r"нет|пуст\w*)\b|[∅⌀]|\{\s{0,9}\}|\[\s{0,9}\]|\(\s{0,9}\)|没有|沒有|無|无|空|なし|없음|없다",
    re.IGNORECASE,
)
_ASKS_FOR_NOTHING = re.compile(
    r"\b(?:leave|left|be|stay|remain) (?:it )?(?:blank|empty)|\b(?:say|output|print|return|reply with|write) nothing"
    r"|\bsilen(?:t|ce)|\bempty (?:string|line|output|response|reply)|\bdo(?: not|n't) (?:answer|respond|reply|say)",
    re.IGNORECASE,
)
_USUAL = str.maketrans("。、", ".,")


def visible(text: str) -> frozenset[str]:
    """Return the characters of a text that can be seen, punctuation of other scripts as the usual one.

    >>> sorted(visible("\\u200b 。："))
    ['.', ':']
    """
    shown = clean(normalized("NFKC", text)).text.translate(_USUAL)
    return frozenset(mark for mark in set(shown) if not mark.isspace() and mark != "\u2800")  # which is a blank, too


def could_be_meant(marks: frozenset[str], references: tuple[str, ...], question: str) -> str | None:
    """Return why a response of these marks, or of none at all, could be the answer."""
    if any(_NAMES_NOTHING.search(reference) for reference in references):
        return "a reference names something empty"
    if _ASKS_FOR_NOTHING.search(question):
        return "the question may ask for that"
    if not marks:
        return None
    if any(not any(character.isalnum() for character in reference) for reference in references):
        return "a reference is a sign, too"
    if any(_NAMES_MARK.search(reference) or _names(marks, reference) for reference in references):
        return "a reference names a mark"
    return "the question may ask for a mark" if _ASKS_FOR_MARK.search(question) else None


def _names(marks: frozenset[str], text: str) -> bool:
    return any(_NAMES[mark].search(text) for mark in marks)
