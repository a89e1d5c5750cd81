"""Many spellings to one: Unicode, LaTeX dressing and broken escapes become the small LaTeX that `tokens` reads."""

from __future__ import annotations

import re

_CHARS = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "－": "-", "＋": "+", "＝": "=", "×": r"\times ",
    "✕": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ", "∙": r"\cdot ", "÷": r"\div ", "∕": "/", "⁄": "/",
    "≤": r"\le ", "⩽": r"\le ", "≦": r"\le ", "≥": r"\ge ", "⩾": r"\ge ", "≧": r"\ge ", "≠": r"\ne ",
    "≈": r"\approx ", "≃": r"\approx ", "≡": r"\equiv ", "＜": "<", "＞": ">", "∞": r"\infty ", "√": r"\sqrt ",
    "∛": r"\sqrt[3]", "±": r"\pm ", "∓": r"\mp ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∖": r"\setminus ",
    "∅": r"\emptyset ", "ℤ": r"\mathbb{Z}", "ℝ": r"\mathbb{R}", "ℕ": r"\mathbb{N}", "ℚ": r"\mathbb{Q}",
    "ℂ": r"\mathbb{C}", "°": r"^\circ ", "º": r"^\circ ", "′": "'", "’": "'", "‘": "'", "″": "''", "“": '"', "”": '"',
    "（": "(", "）": ")", "［": "[", "］": "]", "｛": r"\{", "｝": r"\}", "，": ",", "、": ",", "；": ";", "：": ":",
    "％": "%", "。": ".", "．": ".", "\u00a0": " ", "\u2009": r"\,", "\u202f": r"\,", "\u2003": " ", "\u2002": " ",
    "\u200b": "", "\ufeff": "", "⌊": r"\lfloor ", "⌋": r"\rfloor ", "⌈": r"\lceil ", "⌉": r"\rceil ",
    "½": "{1/2}", "⅓": "{1/3}", "⅔": "{2/3}", "¼": "{1/4}", "¾": "{3/4}", "⅕": "{1/5}", "⅛": "{1/8}", "⅜": "{3/8}",
    "⅝": "{5/8}", "⅞": "{7/8}", "⅙": "{1/6}", "∧": r"\wedge ", "∨": r"\vee ", "→": r"\to ", "⟶": r"\to ",
    "µ": "μ", "Ω": "Ω", "｜": "|", "∣": "|", "∶": ":", "〈": r"\langle ", "〉": r"\rangle ", "⟨": r"\langle ",
    "⟩": r"\rangle ",
}  # fmt: skip
_GREEK = dict(
    zip(
        "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩϕϵϑ",
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "iota",
            "kappa",
            "lambda",
            "mu",
            "nu",
            "xi",
            "pi",
            "rho",
            "sigma",
            "tau",
            "upsilon",
            "phi",
            "chi",
            "psi",
            "omega",
            "Gamma",
            "Delta",
            "Theta",
            "Lambda",
            "Xi",
            "Pi",
            "Sigma",
            "Phi",
            "Psi",
            "Omega",
            "phi",
            "epsilon",
            "theta",
        ],
        strict=True,
    )
)
_TABLE = str.maketrans(
    _CHARS
    | {char: f"\\{name} " for char, name in _GREEK.items()}
    | {chr(0xFF10 + n): str(n) for n in range(10)}
    | {chr(0xFF21 + n): chr(65 + n) for n in range(26)}
    | {chr(0x2460 + n): f" {n + 1} , " for n in range(20)}
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_BROKEN = {"\x0crac": r"\frac", "\text": r"\text", "\times": r"\times", "\tan": r"\tan", "\theta": r"\theta",
           "\tfrac": r"\tfrac", "\x08inom": r"\binom", "\x08egin": r"\begin", "\x08oxed": r"\boxed"}  # fmt: skip
_DRESSING = re.compile(
    r"\\(?:left|right|bigg?|Bigg?|big|Big|bigl|bigr|Bigl|Bigr|biggl|biggr|Biggl|Biggr|displaystyle|textstyle|limits"
    r"|middle|mathstrut|boldsymbol|mathbf|mathit|mathsf|mathcal|operatorname\*?|bf|rm|it|hline|nolimits|quad|qquad)"
    r"(?![A-Za-z])\.?"
)
_ONE_ARGUMENT = re.compile(
    r"\\(?:boxed|fbox|underline|mathbf|boldsymbol|ensuremath|overline(?=\s*\{\s*[A-Z]{2}\s*\}))\s*\{"
)
#: A cycle under a bar, or in brackets after the point; 0.1(6) may be a product.
_REPEATING = re.compile(
    r"(?<![\d.])(\d{0,30})\.(\d{0,30})\s*"
    r"(?:\\(?:overline|bar|dot)\s*(?:\{\s*(\d{1,30})\s*\}|(\d))|(?<=\.)\((\d{1,30})\))"
)
_SQUARED = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ]+")
_LOWERED = re.compile("[₀₁₂₃₄₅₆₇₈₉]+")
_ORDINAL = re.compile(r"(?<=\d)(?:\s*+\^\s*+(?:\{\s*+)?(?:\\text\s*+\{\s*+)?)?(?:st|nd|rd|th)\b\s*+\}{0,2}")
_FRAC_DIGITS = re.compile(r"\\[dtc]?frac\s*(\d|\{[^{}]*\})\s*(\d|\{[^{}]*\}|[a-zA-Z])")
_DOUBLED = re.compile(r"(?<!\\)\\{2,}+(?=[A-Za-z{}%$,!;:])")
_CIRCLED_END = re.compile(r"(?:[\u2460-\u2473][\s,]*)+")


def repair_escapes(text: str) -> str:
    """Put back commands whose backslash was read as an escape somewhere on the way: a tab and `ext` is `\\text`."""
    for broken, whole in _BROKEN.items():
        if broken in text:
            text = text.replace(broken, whole)
    return text


_TIMES = re.compile(r"(?<=[\d}])\s?[xX]\s?(?=10\s?\^)")  # the letter in 6.8 x 10^12


def simplify_spelling(text: str) -> str:
    """Return the text in the one spelling that the tokenizer reads; a second call changes nothing of its meaning.

    >>> simplify_spelling(r"$\\left(−½, √2\\right]$")
    '(-{1/2}, \\\\sqrt 2]'
    """
    text = _REPEATING.sub(_as_fraction, text)
    if not text.isascii():
        text = _CIRCLED_END.sub(lambda m: m[0].rstrip(", "), text)
        text = _SQUARED.sub(lambda m: "^{" + m[0].translate(_SUPERSCRIPTS) + "}", text)
        text = _LOWERED.sub(lambda m: "_{" + m[0].translate(_SUBSCRIPTS) + "}", text)
        text = text.translate(_TABLE).rstrip(" ,")
    if "\\" in text:
        text = _plain_latex(text)
    if "th" in text or "st" in text or "nd" in text or "rd" in text:
        text = _ORDINAL.sub(" ", text)
    if text.count("$") == 1:
        text = re.sub(r"^(-?)\s*\$\s*(?=[\d.])", r"\1₰", text)
    text = text.replace("**", "^").replace("$", "").replace("~", " ")
    text = _TIMES.sub("*", text)
    return text.strip().strip("*").rstrip(".;, \\\n").strip()


def _plain_latex(text: str) -> str:
    if r"\begin" not in text:
        text = _DOUBLED.sub(r"\\", text)
    text = re.sub(r",\\!\s*", "{,}", text)
    text = re.sub(r"\}\s*+(?:\\q?quad\s*+)?(?=\\boxed)", "},", text)  # boxes side by side are a list, no product
    text = re.sub(r"\.(?=\s*(?:\\right)?[\])])", "", text)
    text = re.sub(r"\\([({\[])(?=\s*\\?\$)", r"\1", text)
    text = text.replace(r"\(", "").replace(r"\)", "").replace(r"\[", "").replace(r"\]", "")
    text = text.replace(r"\$", "₰").replace(r"\!", "").replace(r"\displaystyle", "")
    text = _DRESSING.sub(" ", text)
    for _ in range(3):
        if not _ONE_ARGUMENT.search(text):
            break
        text = _ONE_ARGUMENT.sub("{", text)
    text = re.sub(r"\\(?:textdegree|textcirc|degree)(?![A-Za-z])", r"\\circ ", text)
    text = re.sub(r"\^\s*+(?:\{\s*+)?\\circ\s*+\}?", r"^\\circ ", text)
    text = re.sub(r"\\(?:mbox|textbf|textit|textrm|hbox|textnormal|texttt|emph|textsf)(?![A-Za-z])", r"\\text", text)
    return _FRAC_DIGITS.sub(lambda m: f"\\frac{_braced(m[1])}{_braced(m[2])}", text)


def _as_fraction(match: re.Match[str]) -> str:
    """Return the fraction that a repeating decimal is."""
    cycle = match[3] or match[4] or match[5]
    head = match[1] + match[2]
    top = int(head + cycle) - int(head or "0")
    return f"\\frac{{{top}}}{{{'9' * len(cycle) + '0' * len(match[2])}}}"


def _braced(part: str) -> str:
    return part if part.startswith("{") else "{" + part + "}"
