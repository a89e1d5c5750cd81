"""``blank``: a response that says nothing is incorrect; no model is asked, since models have passed such ones."""

from __future__ import annotations

import re
from collections.abc import Mapping

from judge import Basis, Budget, Case, Evaluator, Evidence, Finding, Outcome, Runs
from judge.text.cleaning import clean
from judge.text.normal import normalized
from judge.text.shown import excerpt, too_long
from judge_evaluators.blank.marks import MARKS, could_be_meant, visible
from judge_evaluators.blank.openers import announces, could_be_asked_for, shared

_LONGEST = 4_000  # characters of a response that may say nothing; more than that is not read
_HIDDEN = 40_000  # the same, with those that cannot be seen
_REFERENCES = 500
_LETTERS = 200_000  # characters of all references together, and of the question
_EMPTY_MARKUP = re.compile(
    r"</?(?:think|thinking|reasoning|scratchpad|answer|final|final_answer|solution|response|output|result)\s{0,9}/?>"
    r"|<\|[a-z_]{2,20}\|>|\\boxed\{\s{0,9}\}|```\w{0,20}$",
    re.IGNORECASE | re.MULTILINE,
)


class Blank(Evaluator):
    """Says ``incorrect`` of a response without any content, and never ``correct``.

    That is a response without a visible character, of punctuation marks alone, of empty markup, or of phrases that
    only announce an answer ("Solution", "Let's solve this problem step by step."), in about a dozen languages: the
    "master keys" that judges of language models have been found to accept (arXiv 2507.08794).

    It abstains wherever such a response could be the answer: where a reference is no more than that, names the
    mark or names emptiness, or shares half of its words with the response, and where the question asks for a mark, a
    word or silence. A sign that may mean something (``0``, ``∅``, ``{}``, ``+``, ``Yes``), a refusal and a greeting
    are not its business.
    """

    name = "blank"
    version = "1"
    kinds = frozenset({"answer"})
    bases: Mapping[Outcome, frozenset[Basis]] = {"incorrect": frozenset({"rule"})}
    runs: Runs = "here"
    cost = 0

    def check(self, case: Case, /, *, budget: Budget) -> Finding:  # noqa: ARG002 - it is linear in the texts
        """Look whether the response says anything, and whether the references do."""
        if len(case.responses) != 1 or not case.references:
            return Finding.undecided("needs one response and a reference")
        if why := too_long("the response", case.response, longest=_HIDDEN):
            return Finding.undecided(why)
        letters = sum(map(len, case.references)) + len(case.question or "")
        if len(case.references) > _REFERENCES or letters > _LETTERS:
            return Finding.undecided(
                f"{len(case.references):,} references that have, with the question, {letters:,} characters: "
                f"more than {_REFERENCES} or {_LETTERS:,} are not read"
            )
        text = clean(case.response).text.strip()
        if len(text) > _LONGEST:
            return Finding.undecided("the response says something")
        said, meant = _read(text, case)
        if said is None:
            return Finding.undecided("the response says something")
        if any(visible(reference) <= MARKS for reference in case.references):
            meant = "so does a reference"
        elif shared(text, case.references):
            meant = "a reference says it, too"
        if meant:
            return Finding.undecided(f"the response says {said}, but {meant}")
        because = f"the response says {said}"
        seen = Evidence(id="blank", source="blank", request=excerpt(case.response), content=because)
        return Finding(outcome="incorrect", basis="rule", because=because, evidence=(seen,))


def _read(text: str, case: Case) -> tuple[str | None, str | None]:
    """Return what little a text says, None if it says more, and why that could be the answer, None if it could not."""
    question = case.question or ""
    rest = normalized("NFKC", _EMPTY_MARKUP.sub("", text)).strip()
    if (marks := visible(rest)) <= MARKS:
        said = "only punctuation marks" if marks else "nothing but empty markup" if text else "nothing at all"
        return said, could_be_meant(marks, case.references, question)
    if announces(rest):
        word = "the question may ask for that word" if could_be_asked_for(rest, question) else None
        return "only that an answer follows", word
    return None, None
