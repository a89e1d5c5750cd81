"""Our evaluators, as a cascade asks them: `answer`, then `short_text` where that is installed and `answer` abstains."""

import importlib

from answers_common import main

from judge import Case


def evaluators() -> list[object]:
    found = []
    for module, name in (("judge_evaluators.answer", "Answer"), ("judge_evaluators.short_text", "ShortText")):
        try:
            found.append(getattr(importlib.import_module(module), name)())
        except (ImportError, AttributeError) as error:
            print(f"{name} is not measured: {error}")
    return found


ASKED = evaluators()
OUTCOMES = {"correct": True, "incorrect": False, "undecided": None}


def judge(question: str, reference: str, response: str) -> bool | None:
    case = Case(id="x", question=question or None, reference=reference, response=response)
    for evaluator in ASKED:
        outcome = OUTCOMES[evaluator.check(case).outcome]  # type: ignore[attr-defined]
        if outcome is not None:
            return outcome
    return None


main(judge)
