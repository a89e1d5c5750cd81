"""``colour``: are two CSS colours the same? An example of an evaluator that anybody can write and install."""

import re

from judge import Case, Evidence, Finding

_NAMES = {"black": "000000", "white": "ffffff", "red": "ff0000", "lime": "00ff00", "blue": "0000ff", "teal": "008080"}


class Colour:
    """Decides both ways for ``#rgb``, ``#rrggbb`` and six colour names; anything else is undecided."""

    name = "colour"
    version = "1"
    kinds = frozenset({"colour"})
    bases = {"correct": frozenset({"proof"}), "incorrect": frozenset({"counterexample"})}
    runs = "here"

    def check(self, case: Case, /) -> Finding:
        """Compare the response with the first reference."""
        said, gold = _read(case.response), _read(case.reference or "")
        if said is None or gold is None:
            return Finding.undecided("one of the two is not a colour that is known here")
        seen = Evidence(
            id="colour",
            source="colour",
            request=f"{case.response} against {case.reference}",
            content=f"#{said} #{gold}",
        )
        if said == gold:
            return Finding(outcome="correct", basis="proof", because=f"both are #{gold}", evidence=(seen,))
        because = f"#{said} is not #{gold}"
        return Finding(outcome="incorrect", basis="counterexample", because=because, evidence=(seen,))


def _read(text: str) -> str | None:
    text = text.strip().lower()
    if match := re.fullmatch(r"#([0-9a-f]{3})", text):
        return "".join(digit * 2 for digit in match[1])
    if match := re.fullmatch(r"#([0-9a-f]{6})", text):
        return match[1]
    return _NAMES.get(text)
