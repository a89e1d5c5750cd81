"""Solutions of equations, inequalities and systems, written so that they are the same text each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from judge_tools.algebra.inside.build import Chain, Items, Relation
from judge_tools.algebra.inside.functions import Unusable
from judge_tools.algebra.inside.inequalities import solution_set
from judge_tools.algebra.inside.values import changes_of_sign
from judge_tools.algebra.inside.writing import assigned, decimal, written

_MAX_SHOWN = 40


def solve(asked: Any, variables: Sequence[Any], *, real: bool) -> str:
    """Return the solutions of one equation (an expression is set to 0), inequality, or system. Raises Unusable."""
    if isinstance(asked, Items):
        return _system([_difference(item) for item in asked.items], variables, real=real)
    if len(variables) != 1:
        return _system([_difference(asked)], variables, real=real)
    (symbol,) = variables
    if isinstance(asked, Chain) or (isinstance(asked, Relation) and asked.sign != "="):
        return _inequality(asked, symbol)
    return _equation(_difference(asked), symbol, real=real)


def _difference(item: Any) -> Any:
    if isinstance(item, Relation) and item.sign == "=":
        return item.difference.doit()
    if isinstance(item, Relation | Chain | Items | sympy.MatrixBase):
        raise Unusable("a system is made of equations, separated by commas")
    return item.doit()


def _inequality(asked: Any, symbol: Any) -> str:
    real = sympy.Symbol(str(symbol), real=True)
    parts = asked.relations if isinstance(asked, Chain) else (asked,)
    if any(part.difference.free_symbols != {symbol} for part in parts):
        raise Unusable("an inequality is solved in one variable")
    found = solution_set(asked, real, {symbol: real})
    if found is None:
        return "unknown: no method solves this inequality"
    return f"no real {symbol}" if found is sympy.S.EmptySet else f"{symbol} in {written(found)}"


def _equation(difference: Any, symbol: Any, *, real: bool) -> str:
    if symbol not in difference.free_symbols:
        return f"it is {'always' if difference == 0 else 'never'} true, whatever {symbol} is"
    if sympy.simplify(difference) == 0:
        return f"every {symbol} solves it"
    if (numeric := _of_polynomial(difference, symbol, real=real)) is not None:
        return numeric
    whole = None if real else _set(difference, symbol, sympy.S.Complexes)
    text = _listed(whole, symbol)
    if text is not None and (text.startswith("no ") or _is_real(whole)):
        return text
    part = _listed(_set(difference, symbol, sympy.S.Reals), symbol)
    if part is None:
        return text or _otherwise(difference, symbol)
    if real or part == text:
        return part
    if part.startswith("no "):
        return f"no real solution; over the complex numbers: {text}" if text else "no real solution"
    return f"{part} (real)" + (f"; over the complex numbers: {text}" if text else "")


def _of_polynomial(difference: Any, symbol: Any, *, real: bool) -> str | None:
    """Return the roots of a polynomial of numbers that has no formula in roots, as decimals; None for all else."""
    if not difference.is_polynomial(symbol) or difference.free_symbols != {symbol}:
        return None
    polynomial = sympy.Poly(difference, symbol)
    if polynomial.degree() < 5 or not all(value.is_Rational for value in polynomial.all_coeffs()):
        return None
    if sum(sympy.roots(polynomial).values()) == polynomial.degree():
        return None
    square_free = sympy.quo(polynomial, sympy.gcd(polynomial, polynomial.diff()))
    found = sorted(square_free.nroots(n=15, maxsteps=300), key=sympy.default_sort_key)
    shown = [f"{symbol} ≈ {decimal(value)}" for value in found if not real or value.is_real][:_MAX_SHOWN]
    count = sum(bool(value.is_real) for value in found)
    return f"{'; '.join(shown) or 'no real root'} (no formula in roots; {count} of {len(found)} roots are real)"


def _set(difference: Any, symbol: Any, domain: Any) -> Any:
    try:
        return sympy.solveset(difference, symbol, domain)
    except (NotImplementedError, ValueError, TypeError):
        return None


def _is_real(found: Any) -> bool:
    """Whether it is certain, or cannot be told for lack of numbers, that the solutions are all real."""
    return isinstance(found, sympy.FiniteSet) and all(v.is_real or v.free_symbols for v in found)


def _listed(found: Any, symbol: Any) -> str | None:
    """Return a set of solutions as text, or None where it is no list of solutions."""
    if found is sympy.S.EmptySet:
        return f"no solution: no {symbol} satisfies it"
    if isinstance(found, sympy.FiniteSet):
        solutions = sorted(found, key=sympy.default_sort_key)
        simple = [value if value.has(sympy.CRootOf) else sympy.simplify(value) for value in solutions[:_MAX_SHOWN]]
        shown = "; ".join(assigned(symbol, value) for value in simple)
        return f"{shown}; and {len(solutions) - _MAX_SHOWN} more" if len(solutions) > _MAX_SHOWN else shown
    families = found.args if isinstance(found, sympy.Union) else (found,)
    if not all(isinstance(family, sympy.ImageSet | sympy.FiniteSet) for family in families):
        return None
    shown_families: list[str] = []
    for family in families:
        if isinstance(family, sympy.FiniteSet):
            shown_families += [written(value) for value in family]
        elif family.base_sets != (sympy.S.Integers,):
            return None
        else:
            (dummy,) = family.lamda.variables
            shown_families.append(written(family.lamda.expr.subs(dummy, sympy.Symbol("n", integer=True))))
    return "; ".join(f"{symbol} = {text}" for text in sorted(shown_families)) + " (n any integer)"


def _otherwise(difference: Any, symbol: Any) -> str:
    """Solve by sympy's older method, which may miss solutions, or look for real ones by their change of sign."""
    try:
        found = sorted(sympy.solve(difference, symbol), key=sympy.default_sort_key)
    except (NotImplementedError, ValueError, TypeError):
        found = []
    if found:
        shown = "; ".join(assigned(symbol, value) for value in found[:_MAX_SHOWN])
        return f"{shown} (there may be more)"
    near = changes_of_sign(difference, symbol) if difference.free_symbols == {symbol} else []
    if not near:
        return "unknown: no method solves this equation"
    shown = "; ".join(f"{symbol} ≈ {number}" for number in near)
    return f"unknown: no method solves this equation exactly; numerically, between -10 and 10: {shown}"


def _system(differences: list[Any], variables: Sequence[Any], *, real: bool) -> str:
    try:
        found = sympy.solve(differences, list(variables), dict=True)
    except (NotImplementedError, ValueError, TypeError):
        return "unknown: no method solves this system"
    shown = []
    for solution in found:
        if real and any(value.is_real is False for value in solution.values()):
            continue
        pairs = sorted(solution.items(), key=lambda pair: str(pair[0]))
        shown.append(", ".join(assigned(name, value) for name, value in pairs))
    if not shown:
        return "no solution was found"
    return " or ".join(f"({text})" for text in sorted(shown)[:_MAX_SHOWN])
