"""Why an assertion failed, in words: the verdict, each vote and piece of evidence, and the place in the response."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from judge.integrations.pytest.verdict import NUMBER, Judged, heading
from judge.text.shown import harmless, one_line
from judge.types import Case, Evidence, Verdict, Vote

_WIDTH = 100
_EVIDENCE_LINES = 6
_QUOTED = re.compile("""["“«„']([^"”»“\\n]{2,200}?)["”»“']""")


def told(verdict: Verdict) -> str:
    """Return the story of a verdict, several lines long."""
    lines = [heading(verdict, width=6 * _WIDTH)]
    if verdict.findings and verdict.tally is None and verdict.decided_by == "nobody":
        lines = [f"{verdict.label}: no evaluator could decide, and no model was asked"]
    if isinstance(verdict, Judged):
        lines += [f"  {line}" for line in _hoped(verdict)]
        lines += [f"  {line}" for line in _case(verdict.origin.case, _place(verdict))]
    for name, finding in verdict.findings.items():
        basis = f" ({finding.basis})" if finding.basis else ""
        lines.append(f"  {name}: {finding.outcome}{basis}: {one_line(finding.because)}")
        lines += [f"    {line}" for evidence in finding.evidence for line in _observed(evidence)]
    for vote in verdict.votes:
        lines += [f"  {line}" for line in _voted(vote)]
    return "\n".join(lines)


def brief(verdict: Verdict) -> str:
    """Return a verdict in one line, with the case that it is about."""
    return f"{one_line(verdict.case_id)}: {heading(verdict, width=_WIDTH)}"


def _hoped(verdict: Judged) -> Iterator[str]:
    wanted, threshold = verdict.origin.wanted, verdict.origin.threshold
    if wanted == NUMBER:
        score = verdict.tally.median if verdict.tally else None
        yield f"hoped for: a median of at least {threshold:g}; it is {'unknown' if score is None else f'{score:g}'}"
    elif wanted != "correct" or (verdict.label == "correct" and threshold is not None):
        surely = "" if threshold is None else f" with a confidence of at least {threshold:g}"
        is_now = "" if threshold is None or verdict.confidence is None else f"; it is {verdict.confidence:g}"
        yield f"hoped for: {wanted}{surely}{is_now}"


def _case(case: Case, place: tuple[int, int] | None) -> Iterator[str]:
    texts = [("question", case.question), ("criterion", case.criterion)]
    texts += [("reference", text) for text in case.references]
    for name, text in texts:
        if text:
            yield f"{name}: {_shortened(text)}"
    for number, text in enumerate(case.responses):
        name = "response" if len(case.responses) == 1 else f"response {'AB'[number] if number < 2 else number + 1}"
        if number or place is None:
            yield f"{name}: {_shortened(text)}"
        else:
            yield from _shown(name, text, *place)


def _place(verdict: Judged) -> tuple[int, int] | None:
    """Return where in the response that stands which decided: what was extracted, else what a vote quotes."""
    response = verdict.origin.case.response
    for text in _pointed_at(verdict):
        start = response.rfind(text)  # an answer is concluded with: the last place is the one that counts
        if text and start >= 0:
            return start, start + len(text)
    return None


def _pointed_at(verdict: Verdict) -> Iterator[str]:
    for finding in verdict.findings.values():
        for evidence in finding.evidence:
            try:
                content = json.loads(evidence.content)
            except ValueError:
                continue
            if isinstance(content, dict) and isinstance(content.get("extracted"), str):
                yield content["extracted"]
    for vote in verdict.votes:
        if vote.label == verdict.label:
            yield from sorted(_QUOTED.findall(vote.reason), key=len, reverse=True)


def _shown(name: str, text: str, start: int, end: int) -> Iterator[str]:
    """Yield the line of a response that holds a place, and the place underlined."""
    number = text.count("\n", 0, start) + 1
    opening = text.rfind("\n", 0, start) + 1
    closing = text.find("\n", start)
    line = text[opening : closing if closing >= 0 else len(text)]
    at, width = start - opening, min(end, opening + len(line)) - start
    cut = max(0, at - _WIDTH // 2)
    before, found = harmless(line[cut:at]).replace("\t", " "), harmless(line[at : at + width]).replace("\t", " ")
    after = harmless(line[at + width : at + width + _WIDTH // 2]).replace("\t", " ")
    dots = "…" if cut else ""
    label = f"{name}: " if "\n" not in text else f"{name}, line {number}: "
    rest = "…" if at + width + _WIDTH // 2 < len(line) else ""
    yield f"{label}{dots}{before}{found}{after}{rest}"
    yield " " * len(f"{label}{dots}{before}") + "^" * max(1, len(found))


def _voted(vote: Vote) -> Iterator[str]:
    who = f"vote {vote.index + 1} of {one_line(vote.member.model)}"
    if vote.error:
        yield f"{who}: none ({vote.error.cause}): {one_line(vote.error.message)}"
    else:
        cited = f", citing {', '.join(vote.cites)}" if vote.cites else ""
        yield f"{who}: {vote.label}{cited}: {one_line(vote.reason)}"
    for evidence in vote.evidence:
        yield from (f"  {line}" for line in _observed(evidence))


def _observed(evidence: Evidence) -> Iterator[str]:
    state = "" if evidence.ok else " (failed, supports nothing)"
    yield f"evidence {evidence.id} from {one_line(evidence.source)}{state}: {_shortened(evidence.request)}"
    lines = harmless(evidence.content).split("\n")
    yield from (f"  {line[: 3 * _WIDTH]}" for line in lines[:_EVIDENCE_LINES])
    if len(lines) > _EVIDENCE_LINES:
        yield f"  … {len(lines) - _EVIDENCE_LINES} more lines"


def _shortened(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= 2 * _WIDTH else f"{line[:_WIDTH]} … {line[-_WIDTH // 2 :]} ({len(text)} characters)"
