"""``exact``: the response is the reference, letter by letter."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from judge import Basis, Case, Evidence, Finding, Outcome, Runs


class Exact:
    """Says ``correct`` when the response and a reference are the same text, and never ``incorrect``.

    Texts are the same if they are canonically equivalent in Unicode (NFC; ``proof``), or become so when runs of
    white space count as one space and those at the ends as none (``rule``). Case, punctuation, full-width
    forms and superscripts are not folded: ``mg`` is not ``Mg`` and ``x²`` is not ``x2``. An empty text equals
    nothing.
    """

    name = "exact"
    version = "1"
    kinds = frozenset({"answer"})
    bases: Mapping[Outcome, frozenset[Basis]] = {"correct": frozenset({"proof", "rule"})}
    runs: Runs = "here"

    def check(self, case: Case, /) -> Finding:
        """Compare the response with each reference."""
        if len(case.responses) != 1 or not case.references:
            return Finding.undecided("needs one response and a reference")
        response = unicodedata.normalize("NFC", case.response)
        if not response.strip():
            return Finding.undecided("the response is empty")
        references = [unicodedata.normalize("NFC", text) for text in case.references]
        if response in references:
            return _same(case, references.index(response), basis="proof", because="the response is the reference")
        spaced = [" ".join(text.split()) for text in references]
        if (squeezed := " ".join(response.split())) in spaced:
            because = "the response is the reference but for white space"
            return _same(case, spaced.index(squeezed), basis="rule", because=because)
        return Finding.undecided("the texts differ, which proves nothing")


def _same(case: Case, index: int, *, basis: Basis, because: str) -> Finding:
    seen = Evidence(id="exact", source="exact", request=case.response, content=case.references[index])
    return Finding(outcome="correct", basis=basis, because=because, evidence=(seen,))
