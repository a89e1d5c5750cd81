"""The closed lists of names that an expression may use; whatever is not in them is no part of the language."""

from __future__ import annotations

from typing import NamedTuple


class Arity(NamedTuple):
    """How many arguments a function takes; a `high` of None means any number."""

    low: int
    high: int | None


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _table(names: str, low: int, high: int | None) -> dict[str, Arity]:
    return dict.fromkeys(names.split(), Arity(low, high))


#: Functions by the one name that goes into the sandbox.
FUNCTIONS: dict[str, Arity] = (
    _table("sqrt cbrt exp abs sign floor ceiling re im arg conjugate gamma erf zeta lambertw", 1, 1)
    | _table("sin cos tan cot sec csc asin acos atan acot asec acsc", 1, 1)
    | _table("sinh cosh tanh coth sech csch asinh acosh atanh acoth", 1, 1)
    | _table("factorial factorial2 fibonacci harmonic totient", 1, 1)
    | _table("log", 1, 2)
    | _table("root binomial mod atan2 beta", 2, 2)
    | _table("max min gcd lcm", 1, None)
    | _table("det inverse transpose trace rank", 1, 1)
)
#: Other spellings of functions.
ALIASES = {
    "ln": "log", "lg": "log10", "Log": "log", "Abs": "abs", "sgn": "sign", "ceil": "ceiling", "Re": "re", "Im": "im",
    "conj": "conjugate", "Gamma": "gamma", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot",
    "arcsec": "asec", "arccsc": "acsc", "arsinh": "asinh", "arcosh": "acosh", "artanh": "atanh", "arcsinh": "asinh",
    "arccosh": "acosh", "arctanh": "atanh", "tg": "tan", "ctg": "cot", "cosec": "csc", "Max": "max", "Min": "min",
    "Mod": "mod", "LambertW": "lambertw", "fib": "fibonacci", "tr": "trace", "inv": "inverse", "arctg": "atan",
    "log2": "log2", "log10": "log10", "nCr": "binomial", "igcd": "gcd", "ilcm": "lcm",
}  # fmt: skip
#: Classes and functions of sympy that stand for a node of their own.
CONSTRUCTORS = _words(
    "Rational Integer Float Add Mul Pow Eq Lt Le Gt Ge Matrix FiniteSet Tuple Integral integrate Derivative diff Sum"
    " summation Product product Limit limit simplify expand factor"
)
#: Constants by the one name that goes into the sandbox.
CONSTANTS = {
    "pi": "pi", "Pi": "pi", "e": "e", "E": "e", "i": "i", "I": "i", "imath": "i", "oo": "oo", "inf": "oo",
    "infty": "oo", "infinity": "oo", "EulerGamma": "eulergamma", "GoldenRatio": "goldenratio", "Catalan": "catalan",
}  # fmt: skip
GREEK = _words(
    "Delta Gamma Lambda Omega Phi Pi Psi Sigma Theta Xi alpha beta chi delta ell epsilon eta gamma hbar iota"
    " kappa lambda mu nu omega phi psi rho sigma tau theta upsilon varepsilon varphi varrho vartheta xi zeta"
)
#: Functions whose exponent -1 means the inverse function.
INVERTED = _words("sin cos tan cot sec csc sinh cosh tanh coth")
#: Letters that name an unknown function where a bracket follows.
UNKNOWN_FUNCTIONS = frozenset("fghFGH")
#: Short words that are language, not a product of letters.
ENGLISH = _words(
    "all an any are as at be but by can day def del do for go had has he her his how if in is it its may me my new no"
    " not now of off old on one os out per so sys the to try two up us was we who why yes"
)
#: Environments of LaTeX that hold a matrix.
MATRICES = _words("pmatrix bmatrix matrix array Bmatrix smallmatrix")
