"""``exact``: the response is the reference, letter by letter."""

from __future__ import annotations

from collections.abc import Mapping

from judge import Basis, Budget, Case, Evaluator, Evidence, Finding, Outcome, Runs
from judge.text.normal import normalized
from judge.text.shown import excerpt

_LONGEST = 200_000  # characters of a text that is normalised
_LETTERS = 2_000_000  # characters of all references together that are normalised


class Exact(Evaluator):
    """Says ``correct`` when the response and a reference are the same text, and never ``incorrect``.

    Texts are the same if they are canonically equivalent in Unicode (NFC; ``proof``), or become so when runs of
    white space count as one space and those at the ends as none (``rule``). Case, punctuation, full-width
    forms and superscripts are not folded: ``mg`` is not ``Mg`` and ``x²`` is not ``x2``. An empty text equals
    nothing, and neither does one with U+FFFD, which stands for what could not be read. Of texts over 200,000
    characters, and of references over 2,000,000 together, only those that are the same as they stand are found.
    """

    name = "exact"
    version = "1"
    kinds = frozenset({"answer"})
    bases: Mapping[Outcome, frozenset[Basis]] = {"correct": frozenset({"proof", "rule"})}
    runs: Runs = "here"

    def check(self, case: Case, /, *, budget: Budget) -> Finding:  # noqa: ARG002 - it is linear in the texts
        """Compare the response with each reference."""
        if len(case.responses) != 1 or not case.references:
            return Finding.undecided("needs one response and a reference")
        if not case.response.strip():
            return Finding.undecided("the response is empty")
        if "\ufffd" in case.response:
            return Finding.undecided("the response has a character that could not be read (U+FFFD)")
        if case.response in case.references:
            index = case.references.index(case.response)
            return _same(case, index, basis="proof", because="the response is the reference")
        longest, letters = max(map(len, (case.response, *case.references))), sum(map(len, case.references))
        if longest > _LONGEST or letters > _LETTERS:
            return Finding.undecided(
                f"the texts are not the same as they stand, and more is not looked at: one has {longest:,} characters "
                f"(at most {_LONGEST:,}), the references {letters:,} (at most {_LETTERS:,})"
            )
        response = normalized("NFC", case.response)
        references = [normalized("NFC", text) for text in case.references]
        if response in references:
            return _same(case, references.index(response), basis="proof", because="the response is the reference")
        spaced = [" ".join(text.split()) for text in references]
        if (squeezed := " ".join(response.split())) in spaced:
            because = "the response is the reference but for white space"
            return _same(case, spaced.index(squeezed), basis="rule", because=because)
        return Finding.undecided("the texts differ, which proves nothing")


def _same(case: Case, index: int, *, basis: Basis, because: str) -> Finding:
    seen = Evidence(id="exact", source="exact", request=excerpt(case.response), content=excerpt(case.references[index]))
    return Finding(outcome="correct", basis=basis, because=because, evidence=(seen,))
