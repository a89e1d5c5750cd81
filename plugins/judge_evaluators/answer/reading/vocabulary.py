"""The names that the grammar knows: functions, constants, Greek letters, and the English words that are no product."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


FUNCTIONS = words(
    "Im Re abs acos arccos arccot arcsin arctan arg asin atan cbrt ceil cos cosh cot coth csc det exp floor"
    " gcd lcm lg ln log max min sec sgn sign sin sinh sqrt tan tanh"
)
#: Other spellings of functions.
ALIASES = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot", "sign": "sgn", "tg": "tan", "ctg": "cot",
}  # fmt: skip
GREEK = words(
    "Delta Gamma Lambda Omega Phi Pi Psi Sigma Theta Xi alpha beta chi delta ell epsilon eta gamma hbar iota"
    " kappa lambda mu nabla nu omega partial phi psi rho sigma tau theta upsilon varepsilon varphi varrho"
    " vartheta xi zeta"
)
CONSTANTS = {"pi": "pi", "e": "e", "i": "i", "infty": "oo", "infinity": "oo", "inf": "oo", "oo": "oo", "imath": "i"}
#: Letters that name a function where a bracket follows; other letters are multiplied with the bracket.
UNKNOWN_FUNCTIONS = frozenset("fghFGH")
#: Two or three letters that are a word rather than a product.
ENGLISH = words(
    "all an any are as at be but by can day do for go had has he her his how if in is it its may me my new no"
    " not now of off old on one out per so the to two up us was we who why yes"
)
#: Words that do not name what is counted, as in `5 or more`.
NO_NOUNS = words(
    "all and are at between billion but cos cubed dozen either for from half hundred if infinity is least less"
    " log million minus mod more most neither no none not only or otherwise over per pi plus point power root"
    " halves third thirds fourth fourths quarter quarters fifth fifths sixth sixths seventh sevenths eighth eighths"
    " ninth ninths tenth tenths hundredth hundredths thousandth thousandths millionth millionths score gross pair"
    " pairs lakh crore twos threes factorial minimum maximum in loss profit"
    " sin squared tan than the then thousand times to when where with"
)
