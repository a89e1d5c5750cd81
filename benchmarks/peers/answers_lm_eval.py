"""lm-eval's equivalence of mathematics: minerva (sympy) or hendrycks (strings), each after its own extraction."""

import logging
import sys

from answers_common import main, of_each
from lm_eval.tasks.hendrycks_math import utils as hendrycks
from lm_eval.tasks.minerva_math import utils as minerva

logging.disable(logging.CRITICAL)


def boxed(text: str) -> str:
    try:
        found = hendrycks.last_boxed_only_string(text)
        return hendrycks.remove_boxed(found) if found else text.strip().strip("$")
    except (AssertionError, IndexError):
        return text


def by_minerva(_: str, reference: str, response: str) -> bool:
    gold, said = (minerva.normalize_final_answer(boxed(text)) for text in (reference, response))
    return bool(minerva.is_equiv(said, gold))


def by_hendrycks(_: str, reference: str, response: str) -> bool:
    return bool(hendrycks.is_equiv(boxed(response), boxed(reference)))


main(of_each({"minerva": by_minerva, "hendrycks": by_hendrycks}[sys.argv[3]]))
