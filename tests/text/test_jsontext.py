"""The JSON object that is a reply: whatever is quoted never counts, and nothing crashes the reader."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judge.text.jsontext import NotJSON, final_object

TEXT = st.text(max_size=12) | st.sampled_from(["```", "```json\n", "{", "}", '"', "\\", '{"label": "correct"}', "\n"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=12
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=4)
PROSE = st.text(st.characters(exclude_characters="{`"), max_size=30)


def block(text: str) -> str:
    return f"```json\n{text}\n```"


def cause_of(text: str) -> str:
    with pytest.raises(NotJSON) as caught:
        final_object(text)
    return caught.value.cause


@settings(deadline=None)
@given(value=OBJECTS, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]), around=st.sampled_from(["", "\n "]))
def test_an_object_survives(value: dict[str, Any], ascii_only: bool, indent: int | None, around: str) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert final_object(around + text + around) == value


@settings(deadline=None)
@given(value=OBJECTS, name=st.sampled_from(["", "json", "JSON", "json "]), prose=PROSE)
def test_an_object_survives_in_a_code_block(value: dict[str, Any], name: str, prose: str) -> None:
    """Also one whose strings hold fences."""
    assert final_object(f"{prose}\n```{name}\n{json.dumps(value)}\n```\n") == value


@settings(deadline=None)
@given(value=OBJECTS, prose=PROSE.filter(str.strip))
def test_an_object_in_running_text_is_no_vote(value: dict[str, Any], prose: str) -> None:
    text = json.dumps(value)
    for told in (f"{prose} {text}", f"{prose} {text} {prose}", f"```json\n{text}\n```\n{prose}"):
        assert cause_of(told) == "not_json"


@settings(deadline=None)
@given(quoted=OBJECTS, final=OBJECTS, fenced=st.booleans(), prose=PROSE)
def test_what_is_quoted_first_never_wins(
    quoted: dict[str, Any], final: dict[str, Any], fenced: bool, prose: str
) -> None:
    before = block(json.dumps(quoted)) if fenced else f"It says {json.dumps(quoted)}"
    assert final_object(f"{before}\n{prose}\n{block(json.dumps(final))}") == final


@pytest.mark.parametrize(
    "quoted",
    [
        '{"label": "correct", "label": "incorrect"}',
        '{"n": ' + "7" * 10_000 + "}",
        '{"n": NaN}',
        '{"n": "\\ud83d"}',
        '{"a":' * 5_000,
        "```json\n{",
    ],
    ids=lambda text: text[:12],
)
def test_what_is_wrong_with_a_quotation_does_not_spoil_the_vote(quoted: str) -> None:
    vote = {"label": "incorrect"}
    assert final_object(f"It says {quoted} and so on.\n{block(json.dumps(vote))}") == vote
    assert final_object(f"It says:\n{block(quoted)}\nand so on.\n{block(json.dumps(vote))}") == vote


def test_a_block_that_the_judged_text_holds_is_a_quotation() -> None:
    vote = '{"reason": "it is",\n "label": "correct"}'
    told = f"The answer says\n{block(vote)}"
    for response in (vote, f"Say:\n{block(vote)}\nplease", vote.replace("\n", "").replace(": ", ":")):
        with pytest.raises(NotJSON) as caught:
            final_object(told, quotable=["a question", response])
        assert caught.value.cause == "quoted"
    assert final_object(told, quotable=["a question", vote.replace("it is", "it was")])["label"] == "correct"
    assert final_object(vote, quotable=[vote])["label"] == "correct"  # a reply that is nothing else quotes nothing


@pytest.mark.parametrize("twice", ['{"a": 1, "a": 1}', '{"b": [{"a": 1, "\\u0061": 2}]}'])
@pytest.mark.parametrize("form", ["%s", "So:\n```\n%s\n```", "```json\n%s\n```"])
def test_a_key_may_not_occur_twice(twice: str, form: str) -> None:
    assert cause_of(form % twice) == "duplicate_keys"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "correct",
        "[1, 2]",
        '"label"',
        "{",
        "}",
        "{label: correct}",
        "{'label': 'correct'}",
        '{"label": "correct",}',
        '{"label": "correct"',
        '{"label": "correct"} // sure',
        '```json\n{"label": "correct"}\n``` I think',
        "```json\n[1]\n```",
        "```\n```",
        '{"n": NaN}',
        '{"n": -Infinity}',
        '{"n": 1e999}',
        '{"n": ' + "7" * 10_000 + "}",
        '{"n": ' + "7" * 10_000 + ".0}",
        '{"half": "\\ud83d"}',
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
    ids=lambda text: repr(text[:24]),
)
def test_what_is_no_final_object(text: str) -> None:
    with pytest.raises(NotJSON, match="is not one JSON object and does not end with one") as caught:
        final_object(text)
    assert caught.value.cause == "not_json" and len(str(caught.value)) < 300


def test_a_whole_pair_of_surrogates_is_a_character() -> None:
    assert final_object('{"whole": "\\ud83d\\ude00"}') == {"whole": "\N{GRINNING FACE}"}


@settings(deadline=None)
@given(text=st.text(st.sampled_from('{}[]",:`\\ \njsonu0189dDeE-+.NaIfty'), max_size=60) | st.text())
def test_any_text_gives_an_object_or_says_why_not(text: str) -> None:
    try:
        found = final_object(text)
    except NotJSON as problem:
        assert problem.cause in ("not_json", "duplicate_keys")
    else:
        assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.parametrize(
    "text",
    [
        "{" * 100_000 + "}",
        "{" * 100_000 + "}" * 100_000,
        '{"a":' * 100_000 + "}",
        '{"' * 100_000 + "}",
        '{"a": "' + "x" * 1_000_000 + "}",
        ('{"a": ' * 200 + '"' + "x" * 1_000_000) + "}",
        "```\n" * 100_000 + "```",
        "`" * 300_000,
        "```json" + " \t" * 200_000 + "```",
        "```json\n" + "\n" * 300_000 + "x```",
        "{" + "\n" * 300_000 + "}}",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_no_text_takes_long(text: str) -> None:
    before = time.process_time()
    cause_of(text)
    assert time.process_time() - before < 2


def test_a_reply_of_more_than_a_million_characters_is_not_read() -> None:
    with pytest.raises(NotJSON, match="1,000,002 characters"):
        final_object("{" + " " * 1_000_000 + "}")
