"""No text makes a pattern of the program hang: what each may cost is known from the pattern itself.

A pattern takes steps in proportion to the text (at most 2,000 for each character), in each of its uses. A few that are
used on short texts may take the square of the length: they stand in a table with that length. Nothing is exponential,
nothing cubic. Every pattern is looked at as it was compiled, wherever a module holds it.
"""

import ast
import re
from collections.abc import Iterator

import pytest
from patterns.ambiguity import Mode, cost
from patterns.collecting import Used, patterns, written_in_functions
from patterns.pumping import Job, hanging

pytestmark = pytest.mark.xdist_group("patterns")  # they are collected once
_FACTOR = 2_000  # steps for each character
_STEPS = 500_000  # of a pattern that may take the square of the length: some milliseconds
_LONG = 10_000  # characters of a text that is made to be hard
_PATIENCE_S = 60  # far beyond what any pattern needs, on a busy machine
#: Patterns that may take the square of a length, the longest text they meet, and what keeps it so short.
SHORT = {
    "judge_evaluators.blank.openers._OPENER": (120, "`announces` reads no longer piece (_LONGEST_PIECE)"),
    "judge_evaluators.short_text.guards._ITEMS": (600, "`_sprays` splits no longer text"),
}
#: The pattern that this check was written for, as it stood.
HANGS = re.compile(
    r"^\s*(?:where|for|with|,|any|some|all|and|is|\(|\\text\{?|\s)*((?:[a-zA-Z]\s*,?\s*)+)\s*"
    r"(?:∈|\\in|\s+in|is an|are|is any|an|arbitrary|\s)+\s*(?:\\mathbb\s*\{?\s*Z\s*\}?|Z\b|integers?|ℤ)"
)


_PARTS = 4  # of the patterns, so that several processes share the work


@pytest.mark.parametrize("part", range(_PARTS))
def test_a_pattern_takes_steps_in_proportion_to_the_text(part: int) -> None:
    assert [problem for used in patterns()[part::_PARTS] for problem in problems(used)] == []


def problems(used: Used) -> Iterator[str]:
    for mode in sorted(used.modes - ({"match"} if "search" in used.modes else set())):  # a search costs more
        found, said = cost(used.pattern, mode), f"{used.name}, {mode}"
        longest, _ = SHORT.get(used.name, (0, ""))
        if found.exponential:
            yield f"{said}: exponential in {found.where!r}"
        elif found.degree == 2 and longest:
            if found.factor * longest**2 > _STEPS:
                yield f"{said}: too many steps for {longest} characters"
        elif found.degree != 1:
            yield f"{said}: to the power {found.degree}, by {found.where}"
        elif found.factor > _FACTOR:
            yield f"{said}: {found.factor} steps for each character, by {found.where}"


def test_a_pattern_that_is_none_of_this_is_a_problem() -> None:
    for pattern, said in (
        (HANGS, "exponential"),
        (re.compile("a*a*b"), "power 3"),
        (re.compile(r"\w{0,9999}!"), "9999"),
    ):
        assert any(said in problem for problem in problems(Used("x", pattern, frozenset({"search"}))))


def test_the_table_of_short_texts_names_only_patterns_that_need_it() -> None:
    short = [used for used in patterns() if used.name in SHORT]
    costs = {used.name: max(cost(used.pattern, mode).degree for mode in used.modes) for used in short}
    assert {name: costs.get(name) for name in SHORT} == dict.fromkeys(SHORT, 2)


def test_no_pattern_is_put_together_in_a_function() -> None:
    """Such a pattern would be seen by no check; one from a constant belongs beside the others."""
    assert [f"{place}: {ast.unparse(call)}" for place, call in written_in_functions()] == []


def test_the_patterns_are_found_wherever_they_are_held() -> None:
    """Built at import, in a list, in a dictionary, imported by others, and written out in a function."""
    names = {used.name.rpartition(".")[2] for used in patterns()}
    assert {"_CUE", "_EITHER", "_DATES", "_NAMES", "DATE", "_MASTER", "_BLOCK"} <= names
    assert sum(used.name.endswith("._DATES") for used in patterns()) == 9
    assert any(re.search(r"\.py:\d+$", used.name) for used in patterns())
    assert len(patterns()) > 200


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+b",
        r"(a|a)*b",
        r"(a|ab|b)*c",
        r"(?:\w+\s?)*!",
        r"(?:\d{1,3},?)*x",
        r"(?:\\q|\||[\\|q])+",
        r"(?=(?:a*)*b)",
        r"(?:[*_]{1,3}(?=\S))+",
        r"(?:a?){40}b",
        HANGS.pattern,
    ],
)
def test_it_sees_what_is_exponential(pattern: str) -> None:
    mode: Mode = "fullmatch" if pattern.startswith(r"(?:\\q") else "search"
    assert cost(re.compile(pattern), mode).exponential


@pytest.mark.parametrize(
    ("pattern", "mode", "degree"),
    [
        (r"a*a*b", "match", 2),
        (r"a*a*b", "search", 3),
        (r"\s+$", "search", 2),
        (r"[^,]*,", "search", 2),
        (r"\s*,?\s*x", "match", 2),
        (r"\W*(?:and|&)?\W*[A-J]\b", "match", 2),
        (r"\s*(.*?)\s*x", "match", 3),
        (r"(?=\s*$)", "search", 2),
        (r"\w*\d\w*!", "search", 3),
        (r"(?:(?:a*c|a))*", "search", 2),
        (r"\d+(?:\.\d+)?", "search", 1),
        (r"\d+\.\d+|\d+", "search", 2),
    ],
)
def test_it_sees_to_which_power_a_pattern_backtracks(pattern: str, mode: Mode, degree: int) -> None:
    assert cost(re.compile(pattern), mode).degree == degree


@pytest.mark.parametrize(
    "pattern",
    [
        r"\s+",
        r"(?<!\s)\s+$",
        r"^\w+$",
        r"\b\w+\b!",
        r"\{[^{}]*\}",
        r"(?:\d{1,3},)*+x\d",
        r"[ab]*+c|d",
        r"(?:[ab]++x)*+",
        r"(?i:ſ|K)+",
        r"(?:(?:12|3[45]) ){2,8}",
    ],
)
def test_it_passes_what_is_linear(pattern: str) -> None:
    assert cost(re.compile(pattern), "match").degree == 1


def test_a_bound_counts_as_a_factor() -> None:
    assert cost(re.compile(r"x\s{0,9}\s{0,30}y"), "search")[:2] == (1, 9)
    assert cost(re.compile(r"\w{0,80}!"), "search")[:2] == (1, 80)


@pytest.mark.exhaustive
def test_no_pattern_hangs_on_a_text_that_is_made_for_it() -> None:
    jobs = [
        Job(
            used.name,
            used.pattern.pattern,
            used.pattern.flags,
            tuple(sorted(used.modes)),
            SHORT.get(used.name, (_LONG, ""))[0],
        )
        for used in patterns()
    ]
    assert hanging(jobs, patience_s=_PATIENCE_S) is None


@pytest.mark.exhaustive
def test_the_pattern_that_hung_hangs_on_such_a_text() -> None:
    job = Job("old", HANGS.pattern, HANGS.flags, ("match",), 80)
    assert hanging([job], patience_s=5) == "old"
