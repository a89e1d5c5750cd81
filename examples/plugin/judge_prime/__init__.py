"""``prime``: is a number prime? A kind with an input, an evaluator with a witness and a hint, and a rubric."""

import json
import re
from importlib.resources import files

from pydantic import BaseModel, Field

from judge import Budget, Case, Evaluator, Evidence, Finding, Inputs, Kind


class Number(Inputs):
    """What a case brings."""

    n: int = Field(gt=1, lt=10**30, description="the number that the question is about")


class Hints(BaseModel):
    """What a judge may propose."""

    factor: int = Field(description="a number between 1 and n that divides n")


PRIME = Kind(
    name="prime",
    summary="Is a number prime or composite?",
    Inputs=Number,
    Hints=Hints,
    relations={"right": "the response calls a prime number prime, or a composite one composite"},
    rubric="prime",
    example={"question": "Is 91 prime?", "response": "91 is prime.", "inputs": {"n": 91}},
)


class Prime(Evaluator):
    """Looks for the smallest factor of the number. A response that does not say one of the two words is undecided."""

    name = "prime"
    version = "1"  # part of a run's settings: raise it when verdicts change
    kinds = frozenset({"prime"})
    bases = {"correct": frozenset({"proof"}), "incorrect": frozenset({"proof", "counterexample"})}

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        """Divide by 2, 3, … up to the root of the number, as far as the budget goes."""
        n, divisor = Number(**case.inputs).n, 2
        while divisor * divisor <= n:
            if n % divisor == 0:
                return _composite(case, n, divisor)
            divisor += 1
            if budget.spent:
                return Finding.undecided(f"{n} has no factor below {divisor}, and there is no time to look further")
        match _said(case):
            case "prime":
                return Finding.correct("proof", f"{n} has no factor up to its root")
            case "composite":
                return Finding.incorrect("proof", f"{n} has no factor up to its root")
        return Finding.undecided("the response says neither prime nor composite, or both")

    def prove(self, case: Case, hint: Hints, /, *, budget: Budget) -> Finding:
        """Look whether the factor that was proposed is one."""
        n = Number(**case.inputs).n
        if 1 < hint.factor < n and n % hint.factor == 0:
            return _composite(case, n, hint.factor)
        return Finding.undecided(f"{hint.factor} is no factor of {n}")

    def recheck(self, case: Case, witness: Evidence, /) -> bool:
        """Return whether the factor divides the number, and that is against the response (a witness) or for it."""
        n, factor = Number(**case.inputs).n, int(json.loads(witness.content)["factor"])
        claim = "prime" if witness.role == "witness" else "composite"
        return 1 < factor < n and n % factor == 0 and _said(case) == claim


def _composite(case: Case, n: int, factor: int) -> Finding:
    because, found = f"{n} = {factor} * {n // factor}", {"factor": factor}
    match _said(case):
        case "composite":
            return Finding.correct("proof", because, witness=found)
        case "prime":
            return Finding.incorrect("counterexample", because, witness=found)
    return Finding.undecided("the response says neither prime nor composite, or both")


def _said(case: Case) -> str | None:
    words = set(re.findall("[a-z]+", case.response[:10_000].lower()))
    said = words & {"prime", "composite"}
    return said.pop() if len(said) == 1 and "not" not in words else None


def rubric() -> str:
    """Return the rubric of the kind: what a panel is asked where the program cannot tell."""
    return files("judge_prime").joinpath("prime.j2").read_text(encoding="utf-8")
