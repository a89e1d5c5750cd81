"""Scripts: the first rule that fits answers; a script that cannot be followed is found before any work."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from asking import CHECK, ask

from judge.errors import ConfigError, ModelDown, ModelError
from judge.models import ModelOptions
from judge.models.scripted import ScriptedModel, create
from judge.types import Reply, Request


def script(tmp_path: Path, *rules: dict[str, Any] | str) -> ScriptedModel:
    path = tmp_path / "rules.jsonl"
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rules), encoding="utf-8")
    return create(str(path), ModelOptions())


def test_the_first_rule_that_fits_answers(tmp_path: Path) -> None:
    model = script(
        tmp_path,
        {"case": "a", "seed": 1, "say": "case and seed"},
        {"case": "a", "say": "case"},
        "",
        {"turn": 2, "say": "turn"},
        {"contains": "sum", "say": "words"},
        {"say": {"label": "correct"}},
    )

    def said(text: str = "?", **who: Any) -> str:
        return model.generate(ask(text, **who)).text

    assert said(case_id="a", seed=1) == "case and seed"
    assert said(case_id="a", seed=2, turn=2) == "case"
    assert said(case_id="b", turn=2) == "turn"
    assert said("the sum of", case_id="b") == "words"
    assert json.loads(said(case_id="b")) == {"label": "correct"}


def test_no_rule_is_a_failure_of_that_call(tmp_path: Path) -> None:
    model = script(tmp_path, {"case": "a", "say": "yes"})
    with pytest.raises(ModelError, match="no rule for case 'b'") as caught:
        model.generate(ask(case_id="b"))
    assert caught.value.cause == "no_rule" and not isinstance(caught.value, ModelDown)


def test_a_call_takes_the_form_that_was_asked_for(tmp_path: Path) -> None:
    model = script(tmp_path, {"call": {"tool": "check", "arguments": {"left": "1"}}})
    [call] = model.generate(ask(tools=(CHECK,), turn=4)).tool_calls
    assert (call.id, call.name, json.loads(call.arguments)) == ("call_4", "check", {"left": "1"})
    spoken = json.loads(model.generate(ask()).text)
    assert spoken == {"action": {"tool": "check", "arguments": {"left": "1"}}}


@pytest.mark.parametrize(("cause", "kind"), [("timeout", ModelError), ("truncated", ModelError), ("down", ModelDown)])
def test_a_failure_has_its_cause(tmp_path: Path, cause: str, kind: type[ModelError]) -> None:
    model = script(tmp_path, {"fail": cause})
    with pytest.raises(ModelError) as caught:
        model.generate(ask())
    assert type(caught.value) is kind and caught.value.cause == cause


def test_a_delay_comes_first(tmp_path: Path) -> None:
    model = script(tmp_path, {"case": "slow", "delay": 0.1, "fail": "timeout"}, {"say": "at once"})
    before = time.monotonic()
    with pytest.raises(ModelError):
        model.generate(ask(case_id="slow"))
    between = time.monotonic()
    model.generate(ask())
    assert between - before >= 0.1 > time.monotonic() - between


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"say": ', "field '': Invalid JSON"),
        ("[]", "should be an object"),
        ('{"say": "a", "cases": "b"}', "field 'cases'"),
        ('{"say": "a", "seed": "one"}', "field 'seed'"),
        ('{"say": "a", "delay": -1}', "field 'delay'"),
        ('{"call": {"arguments": {}}}', "field 'call.tool'"),
        ('{"case": "a"}', "exactly one of say, call and fail"),
        ('{"say": "a", "fail": "timeout"}', "exactly one of say, call and fail"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        script(tmp_path, '{"say": "a\u2028b"}', "", line)  # a line separator within a string ends no line
    assert "rules.jsonl', line 3" in str(caught.value) and says in str(caught.value)


def test_a_script_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        create(str(tmp_path / "nowhere.jsonl"), ModelOptions())
    with pytest.raises(ConfigError, match="cannot be read"):
        create(str(tmp_path), ModelOptions())
    (tmp_path / "latin.jsonl").write_bytes('{"say": "é"}'.encode("latin-1"))
    with pytest.raises(ConfigError, match="latin"):
        create(str(tmp_path / "latin.jsonl"), ModelOptions())


def test_a_function_may_answer(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from judge.errors import ModelError\n"
        "def answer(request):\n"
        "    if request.case_id == 'bad':\n"
        "        raise ModelError('no', cause='mine')\n"
        "    return {'label': 'correct', 'seed': request.seed}\n"
        "number = 3\n"
    )
    model = create(f"{path}:answer", ModelOptions())
    assert model.name == f"scripted:{path}:answer"
    assert json.loads(model.generate(ask(seed=5)).text) == {"label": "correct", "seed": 5}
    with pytest.raises(ModelError) as caught:
        model.generate(ask(case_id="bad"))
    assert caught.value.cause == "mine"
    for missing in (f"{path}:nothing", f"{path}:number", f"{tmp_path}/other.py:answer"):
        with pytest.raises(ConfigError):
            create(missing, ModelOptions())


def test_in_python_a_function_is_enough() -> None:
    def answer(request: Request) -> Reply | str:
        return Reply(text="as it is") if request.turn else "x" * 40

    model = ScriptedModel(answer, native_tools=False)
    assert model.native_tools() is False and ScriptedModel(answer).native_tools() is True
    assert model.generate(ask(turn=1)) == Reply(text="as it is")
    usage = model.generate(ask("y" * 400)).usage
    assert (usage.calls, usage.prompt_tokens, usage.completion_tokens) == (1, 101, 10)
