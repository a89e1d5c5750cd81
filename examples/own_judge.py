"""Judging from Python: an evaluator of one's own, a panel where it abstains, and a run that can be continued.

The model is a script here, so that the example runs anywhere; with a server it is ``model="openai:NAME"``.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from judge import Budget, Case, Evaluator, Finding, Judge, Request, ScriptedModel


class Reversed(Evaluator):
    """Says ``correct`` when the response is the reference backwards, and nothing otherwise."""

    name = "reversed"
    version = "1"
    kinds = frozenset({"answer"})
    bases = {"correct": frozenset({"proof"})}
    runs = "here"

    def check(self, case: Case, /, *, budget: Budget) -> Finding:
        """Compare the response, backwards, with the reference."""
        if case.reference is None or case.response[::-1] != case.reference:
            return Finding.undecided("it is not the reference backwards")
        return Finding.correct("proof", "it is the reference backwards", note=case.reference)


asked = 0


def answer(request: Request) -> dict[str, str]:
    """Play the model: it finds every response wrong."""
    global asked
    asked += 1
    return {"reason": f"I read {len(request.messages)} messages and am not convinced.", "label": "incorrect"}


def main() -> None:
    """Judge three cases, then show that a second run asks nobody again."""
    cases = [
        Case(id="backwards", question="Spell 'abc' backwards.", response="abc", reference="cba"),
        Case(id="number", question="What is 0.1 + 0.2?", response="0.30", reference="3/10"),
        Case(id="words", question="Who is there?", response="nobody", reference="a cat"),
    ]
    judge = Judge(model=ScriptedModel(answer), evaluators=[Reversed(), "number"], tools="none", votes=3)
    with judge, TemporaryDirectory() as folder:
        path = Path(folder) / "own.judge"
        for verdict in sorted(judge.run(cases, path=path), key=lambda v: v.case_id):
            print(f"{verdict.case_id}: {verdict.label} ({verdict.decided_by}: {verdict.because})")
        before = asked
        print(f"the second run: {len(list(judge.run(cases, path=path)))} verdicts, {asked - before} questions")


if __name__ == "__main__":
    main()
