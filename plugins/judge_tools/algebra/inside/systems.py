"""Whether two systems of equations have the same solutions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from judge_tools.algebra.inside.build import Relation
from judge_tools.algebra.inside.equality import Equality
from judge_tools.algebra.inside.equations import is_off
from judge_tools.algebra.inside.proving import prove_zero


def equal_systems(one: Sequence[Relation], other: Sequence[Relation]) -> Equality:
    """Compare systems whose solutions are finitely many points; others stay unknown."""
    systems = [[part.difference.doit() for part in side] for side in (one, other)]
    symbols = sorted(set().union(*(part.free_symbols for side in systems for part in side)), key=str)
    solutions = [_solutions(side, symbols) for side in systems]
    for found, others, name in (
        (solutions[0], systems[1], "first"),
        (solutions[1], systems[0], "second"),
    ):
        for solution in found or ():
            if any(is_off(part, solution) for part in others) and all(v.is_real for v in solution.values()):
                where = ", ".join(f"{symbol} = {value}" for symbol, value in sorted(solution.items(), key=str))
                return Equality("no", f"{where} solves the {name} system and not the other")
    if solutions[0] is None or solutions[1] is None:
        return Equality("unknown", "the solutions of the two systems could not be compared")
    for found, others in ((solutions[0], systems[1]), (solutions[1], systems[0])):
        for solution in found:
            if any(prove_zero(part.subs(solution)) is None for part in others):
                return Equality("unknown", f"that {solution} solves both systems was not proved")
    return Equality("yes", f"the two systems have the same {len(solutions[0])} solutions")


def _solutions(system: Sequence[Any], symbols: Sequence[Any]) -> list[dict[Any, Any]] | None:
    """Return all solutions as points, or None where that is not what there is."""
    try:
        found = sympy.solve(list(system), list(symbols), dict=True)
    except (NotImplementedError, ValueError, TypeError):
        return None
    whole = all(set(point) == set(symbols) and all(v.is_number for v in point.values()) for point in found)
    return found if whole and found and _is_polynomial(system, symbols) else None


def _is_polynomial(system: Sequence[Any], symbols: Sequence[Any]) -> bool:
    """Whether all are polynomials: of these sympy finds every solution."""
    return all(part.is_polynomial(*symbols) for part in system)
