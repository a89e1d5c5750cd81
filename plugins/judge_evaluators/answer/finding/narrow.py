"""From a sentence to the answer in it: the one formula, number or date that the sentence states."""

from __future__ import annotations

import re

from judge.text.normal import normalized
from judge_evaluators.answer.finding.cues import denied
from judge_evaluators.answer.finding.marks import spans
from judge_evaluators.answer.finding.runs import Run, normal, runs
from judge_evaluators.answer.finding.wanted import DATE, Wanted
from judge_evaluators.answer.reading.units import read_unit

_LEAD = re.compile(
    r"^(?:(?:approximately|approx\.?|about|around|roughly|(?:an?"
    r"|in|on|at)(?=\s[\d$\\-])|is|are|was|equals?|be|to be|that"
    r"|exactly|simply|just|therefore|thus|so|hence|i think|i believe|it's|it is|it was in|it was)\b[,:]?\s+"
    r"|[:：=*_•](?=\s)\s*|[*_`](?=\S))+",
    re.IGNORECASE,
)
_PROSE = re.compile(
    r"\b(?:is|are|was|were|be|equals?|we|i|it|the|that|this|there|has"
    r"|have|had|get|gives?|find|found|therefore|thus|hence|so|because"
    r"|since|our|which|of|can|will|would|about|think|believe|answer|here"
    r"|how|just|what|when|my|you|your|with|est|donc|der|die|el|la|es|ist)\b"
    r"|[一-鿿]|[\u0400-\u04ff]{3,}|[\u0600-\u06ff]{3,}|[ぁ-ん가-힣]",
    re.IGNORECASE,
)
_COPULA = re.compile(
    r"\b(?:is|are|was|were|equals?|to be|gives?|yields?|get"
    r"|obtain|have|has|est|ist|es|costs?|makes?|totals|totaling)\b"
    r"|(?<![<>!\\])=|≈|\\approx|[:：](?!\d)|是|为|等于|得到|共有|有"
)
_COMPARED = re.compile(
    r"\b(?:(?:greater|less|more|fewer|larger|smaller|higher|lower"
    r"|bigger|rather|other)\s+than|at least|at most|between|above|below"
    r"|up to|multiples? of|divisible|twice|except|beyond|near"
    r"|close to|almost|nearly|exceeds?|either|neither|nor|not|if|whether|unless)\b"
    r"|n['’]t\b|大于|小于|至少|至多|不超过|之间|不是",
    re.IGNORECASE,
)
_ARITHMETIC = re.compile(
    r"\b(?:half|double|reciprocal|opposite|negative of|digits|divisor|reversed|times|squared|cubed|minus|plus"
    r"|percent of|power|root|over|under|before|after|factor|less|more)\b"
    r"|倍",
    re.IGNORECASE,
)
_WRAPPING = re.compile(r"^(?:\*\*|__|`+|[\"“'](?=.*[\"”']$))|(?:\*\*|__|(?<!`)`+|(?<=[\w)$}])[\"”]|[。．；，])$")
_BESIDE = re.compile(
    r"\b(?:before|after|by|until|till|prior to|later than|earlier than|since|BCE?|B\.C\.)(?!\w)", re.IGNORECASE
)
_UNIT = re.compile(r"\s{0,3}((?:[^\W\d]|[°%²³/^\\{}·*-]|\d(?=\s|$|[/.]))+(?:\s(?:[^\W\d]|[°%²³/^])+){0,2})")
_YEARS = re.compile(r"\d{4}(?:s\b|\s?[-–]\s?\d{2,4}\b)")  # a decade or a stretch of years
_IS = re.compile(r"\s{0,3}(?:is|are)\b")
_LAYERS = 6
_TITLED = re.compile(r"[^\W\d][\w' -]{4,60}:\s*(?=(?:\$|\\\(|\\\[).*(?:\$|\\\)|\\\])$)", re.DOTALL)
_SCALE = re.compile(
    r"\s?(?:(?:hundred|thousand|million|billion|trillion|dozen|percent|pct)\b|\\?%|[百千万亿](?![克米瓦卡]))"
)
_STOP = frozenset(
    re.findall(
        r"\w+",
        """
    a after an and are as at because before by de for from if in is of on or per so the to was when
    with
""",
    )
)


def clean(text: str) -> str:
    """Return the text without what introduces it, marks of emphasis, quotes and the full stop."""
    before = None
    for _ in range(_LAYERS):
        if text == before:
            break
        before = text
        text = _LEAD.sub("", text.strip())
        text = _WRAPPING.sub("", text.strip())
        if re.search(r"(?<![.\\])\.$", text):
            text = text[:-1]
        text = re.sub(r"(?<!\\)[,;:]$", "", text)
        inner = spans(text)
        if len(inner) == 1 and (inner[0].start, inner[0].end) == (0, len(text)) and not text.startswith("\\begin"):
            text = inner[0].text
    return text


def is_prose(text: str) -> bool:
    """Whether the text outside its math reads like a sentence."""
    kept = []
    at = 0
    for span in spans(text):
        kept.append(text[at : span.start])
        at = span.end
    outside = re.sub(r"\\(?:text|mbox|textbf|mathrm)\s?\{[^{}]*\}", " ", " ".join([*kept, text[at:]]))
    return bool(_PROSE.search(re.sub(r"\\[a-zA-Z]+", " ", outside)))


def narrowed(text: str, wanted: Wanted) -> str | None:
    """Return the answer that a statement gives, or None if that cannot be told.

    What is not prose comes back as it is. In prose there must be one date, one math span or one number, after
    the last "is" or in the whole; not under a negation, and not compared with something ("more than 12").
    """
    text = clean(text)
    if wanted.shape != "text" and (titled := _TITLED.match(text)) and len(spans(text)) == 1:
        text = clean(text[titled.end() :])
    if wanted.shape == "text" or not (is_prose(text) or (_COMPARED.search(text) and not wanted.several)):
        return (_one_date(text) if wanted.shape == "date" else None) or text or None
    if wanted.shape == "date" or (re.fullmatch(r"\d{3,4}", wanted.answer) and DATE.search(text)):
        return _one_date(text)
    if not wanted.several and _qualified(text):
        return None
    math = [span for span in spans(text) if not denied(text, span.start, span.end)]
    if math and (found := _one_span(text, [Run(span.text, span.start, span.end) for span in math], wanted)):
        return found
    return None if math else _one_run(text, wanted)


def _qualified(text: str) -> bool:
    """Whether numbers are compared or reckoned with in the part that would be read; "not 10 but 12" is neither."""
    said = text[_last_copula(text) :] if runs(text[_last_copula(text) :]) else text
    compared = _COMPARED.search(said)
    if compared and compared[0].casefold() in ("not", "n't", "n’t", "不是"):
        return False  # left to `denied`
    return bool(compared or _ARITHMETIC.search(said))


def _last_copula(text: str) -> int:
    math = [Run(span.text, span.start, span.end) for span in spans(text)]
    return max((match.end() for match in _COPULA.finditer(text) if not _inside(match.start(), math)), default=0)


def _one_date(text: str) -> str | None:
    """Return the one date that a text states."""
    dates = {
        normalized("NFKC", date[0]).casefold(): date[0]
        for date in DATE.finditer(text)
        if not denied(text, date.start())
    }
    if len(dates) != 1 or _COMPARED.search(text) or _BESIDE.search(text):
        return None
    return next(iter(dates.values()))


def _one_span(text: str, found: list[Run], wanted: Wanted) -> str | None:
    same = {normal(span.text) for span in found}
    if len(same) == 1:
        return _with_unit(text, found[-1], wanted)
    last = _last_copula(text)
    after = [span for span in found if span.start >= last]
    if len(after) == 1 and last:
        return _with_unit(text, after[0], wanted)
    if wanted.several and after and not is_prose(text[after[0].start :]):
        return text[after[0].start :].strip()
    return None


def _inside(at: int, found: list[Run]) -> bool:
    return any(span.start <= at < span.end for span in found)


def _one_run(text: str, wanted: Wanted) -> str | None:
    found = [run for run in runs(text) if not denied(text, run.start, run.end)]
    last = _last_copula(text)
    after = [run for run in found if run.end > last]
    if wanted.several and last and len(after) > 1 and not is_prose(tail := clean(text[last:])):
        return tail
    leads = found and (found[0].start == 0 or _IS.match(text, found[-1].end))
    if last and not after and not leads:
        return None  # "season 4 has a total of ten": the number is not what is stated
    chosen = after or found
    if any(_YEARS.match(text, run.start) for run in chosen):
        return None
    if len({normal(run.text) for run in chosen}) != 1:
        return None
    return _with_unit(text, chosen[-1], wanted)


def _with_unit(text: str, run: Run, wanted: Wanted) -> str:
    if scale := _SCALE.match(text, run.end):
        return run.text + scale[0]
    tail = _UNIT.match(text[run.end : run.end + 40])
    unit: list[str] = []
    for word in tail[1].split() if tail else []:
        if word.lower() in _STOP and word != "A" and not (word.lower() == "per" and unit):
            break
        unit.append(word)
    if not wanted.unit:  # counted things are dropped; a measure is not, for 5 minutes are no 5
        unit = unit[: next((n for n in range(len(unit), 0, -1) if _measures(" ".join(unit[:n]))), 0)]
    return f"{run.text} {' '.join(unit)}" if unit else run.text


def _measures(text: str) -> bool:
    unit = read_unit(text, nouns=False)
    return unit is not None and bool(unit.dimension)
