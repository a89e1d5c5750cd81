"""The way in: a request comes as plain data, an answer goes out as a text, and before it what is known already."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import sympy

from judge_tools.algebra.inside.functions import NoValue, Unusable
from judge_tools.algebra.inside.operations import answer

Said = dict[str, str]


def start() -> Callable[[Mapping[str, Any], Callable[[Said], None]], Said]:
    """Return what answers requests, with ``text`` or, for what means nothing, ``error``."""
    sympy.core.random.seed(0)
    sys.setrecursionlimit(4000)
    sys.set_int_max_str_digits(0)  # `writing` shortens long numbers, by its own rule
    return _answered


def _answered(request: Mapping[str, Any], say: Callable[[Said], None]) -> Said:
    try:
        return {"text": answer(request, say=lambda text: say({"text": text}))}
    except Unusable as error:
        return {"error": str(error)}
    except NoValue as error:
        return {"text": f"{'unknown' if request['operation'] == 'equal' else 'undefined'}: {error}"}
    except (NotImplementedError, sympy.PolynomialError, RecursionError) as error:
        return {"text": f"unknown: sympy has no method for this ({type(error).__name__})"}
    except (ArithmeticError, TypeError, ValueError, AttributeError, LookupError, AssertionError) as error:
        return {"text": f"unknown: sympy failed ({type(error).__name__}: {error})"[:300]}
