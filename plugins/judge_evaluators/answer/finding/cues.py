"""The words by which people announce an answer, doubt it, take it back, refuse it, or talk to the grader."""

from __future__ import annotations

import re
from typing import NamedTuple

from judge_evaluators.answer.finding.marks import spans


class Statement(NamedTuple):
    """What stands after an announcement, up to the end of its sentence; `rank` 2 for a final answer, 0 for a result."""

    text: str
    start: int
    end: int
    rank: int


_LONG = 1_000  # characters of a statement
_MANY = 30  # statements
_IS = r"(?:\s{0,3}(?:is|are|was|be|equals?|=|:|：|would be|should be|must be|will be)(?![a-z]))"
_CUE = re.compile(
    rf"""
    (?P<final>\b(?:final|overall)\s+(?:answer|result)s?\b(?:\s+(?:to|for|of)\s[^.:\n$\\]{{1,80}}?)?{_IS}{{1,2}}
      | 最终答案(?:是|为|：|:)? )
  | \b(?:correct|right|best)\s+(?:answer|option|choice)s?\b{_IS}{{1,2}}
  | \banswers?\b(?:\s+(?:to|for|of)\s[^.:\n$\\]{{1,80}}?)?{_IS}{{1,2}}
  | (?P<result>\b(?:solutions?|results?)(?:\s+set)?\s{{0,3}}(?:is|are|:)(?![a-z]) | 结果(?:是|为|：|:) )
  | \banswer(?=\s{{0,3}}(?:\$|\\\(|\\\[|\*\*))
  | \b(?:the\s+)?(?:option|choice)\s+(?:is|are)\b
  | \bI(?:'ll|\s+will|\s+would|'d)?\s+(?:choose|pick|select|go\ with|opt\ for)\b(?:\s+(?:option|answer|choice)\b)?
  | \b(?:r[ée]ponse|respuesta|antwort|risposta|resposta|ответ)\b(?:\s+\w{{1,10}})?\s{{0,3}}(?:est|es|ist|è|é|:|—|-)
  | (?:正确答案|答案)(?:应该|应)?(?:是|为|：|:|選|选)(?:\s?[:：])?
  | 故?(?:应|應)?(?:选择|选|選)(?![项項])(?:\s?[:：])?
  | (?:答え|答)(?:は|：|:) | (?:정답|답)(?:은|이|：|:)
    """,
    re.VERBOSE | re.IGNORECASE,
)
# What has to occur, in small letters, for a pattern to match at all: looking for it costs a tenth of the pattern.
_CUE_WORDS = (
    *("answer", "option", "choice", "solution", "result", "choose", "pick", "select", "go with", "opt for", "réponse"),
    *("reponse", "respuesta", "antwort", "risposta", "resposta", "ответ", "答", "结果", "选", "選", "답"),
)
_SUPPOSED = re.compile(
    r"\b(?:if|whether|unless|suppose|assume|assuming|is|first|initial|previous|original|earlier|wrong|let)"
    r"\s{1,3}(?:the|my|our|your)?\s{0,3}$",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?;](?=\s|$|\*|[\"'”)])|[。！？；]|\n")
_ABBREVIATION = re.compile(r"(?:\b(?:approx|ca|no|vs|e\.g|i\.e|cf|resp|Dr|Mr|Mrs|St|Jr)|\b[A-Z]|^\s*[A-J])$")

WITHDRAWN = re.compile(
    r"\b(?:(?:no|oh|but|hmm)[,.]?\s+)?wait\b|\bscratch that\b"
    r"|\bcorrection\b|\bi (?:made|see) (?:a|an|my) (?:mistake|error)\b"
    r"|\bon second thou?ghts?\b|\blet me (?:re|correct)"
    r"|\b(?:that|it|this|which)(?:['’]s| is| was) (?:wrong|false|not (?:right|correct|true|it)|incorrect)\b"
    r"|\boops\b|\bjust kidding\b|\bi am lying\b|(?<=[.!?] )(?:wrong|no|not|false|incorrect)(?=[.!])"
    r"|\bsorry\b|\bi mean[t,]|\bactually\b(?=[\s,:]+\w)|\brather\b[,:]|\bcorrect(?:ing)? (?:that|the error|myself)\b"
    r"|\bno[,.](?=\s)|\bnot so fast\b|(?<![A-Za-z\d])不对|等等|更正",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:maybe|perhaps|possibly|might be|could be|may be|either"
    r"|alternatively|or else|not sure|unsure|depending on)\b"
    r"|可能|也许|或许|或者",
    re.IGNORECASE,
)
_OR = re.compile(r"\bor\b|或|还是", re.IGNORECASE)
_DECLINED = re.compile(
    r"\bi (?:do not|don't|don’t) know\b|\b(?:cannot|can't|can’t|unable to"
    r"|could not) (?:be )?(?:determine|answer|solve|provide|help|find)"
    r"|\bthe (?:wrong|incorrect|worst) (?:answer|option|choice) (?:is|was|would be)\b"
    r"|\bno (?:idea|answer)\b|\bi (?:must|have to) (?:decline|refuse)\b|无法(?:确定|回答)|不知道",
    re.IGNORECASE,
)
_TO_GRADER = re.compile(
    r"\b(?:dear|note to(?: the)?|attention|hey|hello)[, ]{1,2}(?:grader|judge|evaluator|verifier)"
    r"|\b(?:grader|judge|evaluator|verifier|examiner)s?\b[,:]?\s+(?:please"
    r"|must|should|note|will|to|you|is|are|mark|accept|output|has)\b"
    r"|\bignore\b.{0,30}\b(?:instructions?|rubric|reference|previous|above|prompt)\b"
    r"|\b(?:mark|grade|score|judge|rate|label|accept|treat|consider|count|classify|evaluate)\s+(?:this|it|my|the)\b"
    r"(?:\s+(?:response|answer|solution|submission|one|output|question|as|is|to|be)){0,4}\s+(?:as\s+)?(?:fully\s+)?"
    r"(?:correct|right|true|equivalent|matching|valid|full)"
    r"|\b(?:output|reply|respond|return|say|print)\s+(?:with\s+|only\s+)?[\"'`]?(?:correct|true|equivalent|yes)\b"
    r"|\b(?:system|assistant|grader) ?(?:prompt|override|message)\b|\"(?:label|verdict|score|outcome)\"\s*:"
    r"|\bverdict\s*[:=]|\b(?:is|are) (?:equivalent|identical) to (?:the )?(?:reference|gold|expected)"
    r"|请.{0,6}(?:判|评|标记).{0,6}(?:正确|满分|对)|评分(?:者|员|人)|忽略.{0,10}(?:指令|说明)",
    re.IGNORECASE,
)
_GRADER_WORDS = (
    *("grader", "judge", "evaluator", "verifier", "examiner", "ignore", "mark", "grade", "score", "rate", "label"),
    *("accept", "treat", "consider", "count", "classify", "evaluate", "output", "reply", "respond", "return", "say"),
    *("print", "prompt", "override", "message", "outcome", "verdict", "equivalent", "identical", "请", "评分", "忽略"),
)
_POINTS = re.compile(
    r"\b(?:reference|gold|ground[- ]truth|expected|official|provided"
    r"|given|true|model)\s+(?:answer|solution|response|value|key)"
    r"|\bthe\s+reference\b|\banswer key\b|\bwhatever\b|\bsame as (?:the )?(?:above"
    r"|reference|answer)|\bas (?:stated|given) (?:above|in)"
    r"|参考答案|标准答案",
    re.IGNORECASE,
)
_POINTING_WORDS = (
    *("reference", "answer", "solution", "response", "value", "key", "whatever", "same as", "as stated", "as given"),
    *("参考", "标准"),
)
_NOT = re.compile(
    r"\bnot\b|n['’]t\b|\bneither\b|\bnor\b|\bnever\b|\brul(?:es?|ed|ing) out\b|\beliminat\w+|\brather than\b"
    r"|\binstead of\b|\bexcept\b|\b(?:any|every)thing but\b|\bother than\b|\bfar from\b|\bhardly\b|\bcannot\b"
    r"|\b(?:doubt|reject|avoid|exclud|refus|den(?:y|ie))\w*"
    r"|\b(?:nicht|kein\w*|pas|nunca|jamais|nie|non|não|не)\b|\bno (?:es|fue|son)\b|^\s*no\s+$"
    r"|不是|并非|不选|排除|而非",
    re.IGNORECASE,
)
_WRONG = re.compile(
    r"[$)\].:*]{0,4}(?:</answer>)?\s{0,3}(?:\\text\s?\{\s?)?[-–—(:]?\s?"
    r"(?:(?:is|was|are|seems|looks|(?:would|can|could|must|should|may|might) be)\s+"
    r"(?:clearly\s+|also\s+|simply\s+|an?\s+|the\s+)?"
    r"(?:wrong|incorrect|not|false|impossible|out|too|eliminated|invalid|excluded|ruled|unlikely|worst|least|trap"
    r"|distractor|extraneous|rejected)\b"
    r"|(?:is|ca|does|was|wo)n['’]t\b|cannot\b|does not\b|fails\b|(?:wrong|incorrect|false)\b\W{0,2}$|✗|❌"
    r"|(?:ist|es|est|é|è)\s+(?:falsch|incorrect\w*|faux|err\w*|sbagliat\w*)|n['’]est pas|неверн|ではない|じゃない"
    r"|错|不对|不正确)",
    re.IGNORECASE,
)
_BUT = re.compile(r"\b(?:but|so|therefore|it['’]s|it is|hence|thus|only)\b|因此|所以|而是|[.;。；\n]", re.IGNORECASE)


_WORD = re.compile(r"(?<![\\a-zA-Z])[^\W\d_]{2}|[一-鿿ぁ-ヿ]")


def wordless(text: str) -> bool:
    """Whether a text holds no word but LaTeX commands, so that none of the cues can occur in it."""
    return not _WORD.search(text)


def statements(text: str) -> list[Statement]:
    """Return what stands after each announcement of an answer, in order.

    >>> [s.text for s in statements("The answer is 3.5. So the final answer is: $x = 7$.")]
    ['3.5', '$x = 7$']
    """
    if not _has(text, _CUE_WORDS):
        return []
    math = spans(text)
    found: list[Statement] = []
    at = 0
    while cue := _CUE.search(text, at):
        if any(span.start <= cue.start() < span.end for span in math) or _supposed(text, cue.start()):
            at = cue.end()
            continue
        start = cue.end()
        while start < len(text) and text[start] in " \t\n*:：_\"“'":
            start += 1
        end = min(
            start + _LONG, _sentence_end(text, start, [(span.start, span.end) for span in math if span.end > start])
        )
        inner = _CUE.search(text, start, end)
        if inner and inner.start() - start <= 5:  # "Final Answer: The final answer is …"
            at = inner.start()
            continue
        found.append(
            Statement(text[start:end].strip(), cue.start(), end, 2 if cue["final"] else 0 if cue["result"] else 1)
        )
        at = max(end, cue.end())
    return [statement for statement in found[-_MANY:] if statement.text]


def _has(text: str, words: tuple[str, ...]) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in words)


def _supposed(text: str, at: int) -> bool:
    return _SUPPOSED.search(text[max(0, at - 30) : at]) is not None


def strongest(said: list[Statement]) -> list[Statement]:
    """Return the statements of the highest rank."""
    return [statement for statement in said if statement.rank == max(one.rank for one in said)]


def sentences(text: str) -> list[str]:
    """Return the sentences, not cut inside math."""
    math = [(span.start, span.end) for span in spans(text)]
    found = []
    at = 0
    while at < len(text):
        end = _sentence_end(text, at, math)
        found.append(text[at:end].strip())
        math = [span for span in math if span[1] > end]
        at = max(end + 1, at + 1)
    return [sentence for sentence in found if any(c.isalnum() for c in sentence)]


def _sentence_end(text: str, start: int, math: list[tuple[int, int]]) -> int:
    inside = iter(math)
    span = next(inside, None)
    for stop in _END.finditer(text, start):
        while span is not None and span[1] <= stop.start():
            span = next(inside, None)
        if span is not None and span[0] <= stop.start():
            continue
        if stop[0] == "." and _ABBREVIATION.search(text, max(start, stop.start() - 12), stop.start()):
            continue
        return stop.start()
    return len(text)


def objection(text: str) -> str | None:
    """Return why no answer may be read from a response that says such a thing, or None."""
    if _has(text, _GRADER_WORDS) and _TO_GRADER.search(text):
        return "the response speaks to its grader"
    return None


def declined(text: str) -> str | None:
    """Return why a statement is no answer: it refuses, or points to an answer instead of giving one."""
    if _has(text, _POINTING_WORDS) and _POINTS.search(text):
        return "the response points to an answer instead of giving one"
    if _DECLINED.search(text):
        return "the response declines to answer"
    return None


def alternatives(text: str) -> bool:
    """Whether a statement offers a choice between answers."""
    return bool(_OR.search(text))


def doubts(text: str) -> int:
    """Return how often a text doubts."""
    return len(_DOUBT.findall(text))


def denied(text: str, at: int, end: int | None = None) -> bool:
    """Whether what stands at a place is said not to be the answer.

    That is a "not" shortly before it, with no "but" between, or "is wrong" after its end.

    >>> text = "not 10 but 12"
    >>> denied(text, 4), denied(text, 11)
    (True, False)
    """
    before = text[max(0, at - 50) : at]
    negations = list(_NOT.finditer(before))
    if negations and not _BUT.search(before, negations[-1].end()):
        return True
    return end is not None and _WRONG.match(text, end) is not None


_DISOWNED = re.compile(
    r"(?:(?:\bnot|n['’]t|\bnever|\bhardly|\bcannot|\bnicht|\bpas|\bне|不是)(?:\s+(?:be|say|answer|equal|simply|just))?"
    r"|(?:\bnot|n['’]t|\bnever|\bno(?:body| one)|\bdoubt|\bdeny|\bfalse|\bassume|\bsuppose|\bthinks?|\bsays?"
    r"|\bbelieves?"
    r"|\bchance|\bprobability)\b[^.!?;,\n]{0,30}\b(?:the|that)(?:\s+answer\s+is)?"
    r"|\b(?:wrong|incorrect|worst|non|not the|friend['’]s|student['’]s|opposite of the|negation of the|half(?: of)? the"
    r"|twice the|square of the|sum of the|reciprocal of the|than the|bound (?:on|for) the)(?:[\s-]+answer(?:\s+is)?)?)"
    r"[\s:$*\\(\[-]*$",
    re.IGNORECASE,
)


def disowned(text: str, start: int) -> bool:
    """Whether what stands right before an announcement or a mark denies it, or says that it is another's."""
    return _DISOWNED.search(text[max(0, start - 60) : start]) is not None


def struck(text: str, end: int) -> bool:
    """Whether what stands right after a place says that it is wrong."""
    return _WRONG.match(text, end) is not None
