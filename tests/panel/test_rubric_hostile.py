"""The text of a rubric may come with a stranger's run file: whatever it is, it is read soon, or refused in words."""

import pytest

from judge import Case, RubricError
from judge.panel.rubric import Rubric

TAIL = "\n---\n{% block system %}s{% endblock %}\n{% block user %}\n{{ fence(case.response) }}BODY\n{% endblock %}\n"
HEAD = "---\nlabels: [a, b]"


def bomb() -> str:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    return "\n".join(["---", "a0: &a0 [x, x, x]", *levels, "labels: [*a8, no]"]) + TAIL


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (bomb(), "anchors and aliases are not read"),
        ("---\n<<: {labels: [a, b]}" + TAIL, "labels"),
        ("---\nlabels: !!set {a, b}" + TAIL, "tags are not read"),
        ("---\nabout: " + "[" * 3000 + "\nlabels: [a, b]" + TAIL, "is not YAML as it is read here"),
        ("---\n{[1]: 2}" + TAIL, "is not YAML as it is read here"),
        ("---\n- a" + TAIL, "front matter field"),
        ("---\nlabels: [yes, no]" + TAIL, "need quotes in YAML"),
        ("---\nlabels: [[" + "x, " * 5000 + "x]]" + TAIL, "further characters"),
        (HEAD + TAIL.replace("BODY", "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}"), "cannot be compiled"),
        (HEAD + TAIL.replace("BODY", "{% if 1 %}" * 150 + "{% endif %}" * 150), "cannot be compiled"),
        (HEAD + TAIL.replace("BODY", "{{ 9**9**9 }}"), "does not multiply"),
        (HEAD + TAIL.replace("BODY", '{{ "a" * 10000000000000 }}'), "does not multiply"),
        (HEAD + TAIL.replace("BODY", '{{ "a"|center(10000000000000) }}'), "does not multiply"),
        (HEAD + TAIL.replace("BODY", "x" * 300_000), "more than 262,144 are not read"),
    ],
)
def test_what_cannot_be_a_rubric_is_refused_soon_and_shortly(text: str, said: str) -> None:
    with pytest.raises(RubricError) as caught:
        Rubric.parse("r", text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("about", ["2024-13-45", "2024-12-24", "0x" + "f" * 5000, "1:30"])
def test_what_looks_like_a_date_is_a_text(about: str) -> None:
    assert Rubric.parse("r", f"---\nabout: {about}\nlabels: [a, b]{TAIL}").about == about


def test_numbers_and_ranges_are_read() -> None:
    assert Rubric.parse("r", "---\nlabels: [-1, 0, 12]" + TAIL).values == (-1, 0, 12)
    assert Rubric.parse("r", "---\nrange: [0, 2.5e0]" + TAIL).range == (0.0, 2.5)


@pytest.mark.parametrize(
    "line", ['see: {% include "inputs" %}', '{%+ include "inputs" %}', '{% include "inputs" with context %}']
)
def test_the_shared_block_stands_alone_on_its_line(line: str) -> None:
    with pytest.raises(RubricError, match=r"line 6: .* has to stand alone on its line"):
        Rubric.parse("r", HEAD + TAIL.replace("BODY", f"\n{line}").replace("{{ fence(case.response) }}\n", ""))


def test_an_include_in_the_front_matter_is_text() -> None:
    text = '---\nabout: |\n  {% include "inputs" %}\nlabels: [a, b]' + TAIL.replace("BODY", '\n{% include "inputs" %}')
    read = Rubric.parse("r", text)
    assert read.about == '{% include "inputs" %}\n'
    assert '{% include "inputs" %}' in read.text.split("---\n", 2)[1]
    assert "include" not in read.text.split("---\n", 2)[2]
    assert read.render(Case(response="x"))
