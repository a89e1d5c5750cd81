"""The way in: a request as JSON comes from the standard input, lines of JSON with what is known go to the output.

The last whole line counts, so that a run which is killed has still said what it knew.
"""

from __future__ import annotations

import json
import sys

import sympy

from judge_tools.algebra.inside.functions import NoValue, Unusable
from judge_tools.algebra.inside.operations import answer


def main() -> None:
    """Answer one request."""
    request = json.load(sys.stdin)
    sympy.core.random.seed(0)
    sys.setrecursionlimit(4000)
    try:
        _tell("text", answer(request, say=lambda text: _tell("partial", text)))
    except Unusable as error:
        _tell("error", str(error))
    except NoValue as error:
        _tell("text", f"{'unknown' if request['operation'] == 'equal' else 'undefined'}: {error}")
    except (NotImplementedError, sympy.PolynomialError, RecursionError) as error:
        _tell("text", f"unknown: sympy has no method for this ({type(error).__name__})")
    except (ArithmeticError, TypeError, ValueError, AttributeError, LookupError, AssertionError) as error:
        _tell("text", f"unknown: sympy failed ({type(error).__name__}: {error})"[:300])


def _tell(kind: str, text: str) -> None:
    print(json.dumps({kind: text}), flush=True)  # noqa: T201 - this is the program's output
