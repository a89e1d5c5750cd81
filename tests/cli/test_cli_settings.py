"""Options that are settings: declared once, the same for all commands that take them, and heard by each."""

import re
from pathlib import Path

import pytest
from command import judge, quick, right, write

from judge.config import Settings, flags

COMMANDS = ["check", "run", "grade", "lm-eval rescore", "config", "doctor"]
#: Settings of which the command line has no option: judge.toml and the environment set them.
NO_FLAG = {"max_steps", "evaluator_deadline_s", "api_key_env", "api", "tool_calls", "timeout_s", "models"}


def offered(command: str, folder: Path) -> str:
    """Return what the help says of the options that are settings, without its columns."""
    told = " ".join(quick(*command.split(), "--help", cwd=folder).out.split())
    return told[told.index("-m, --model") : told.index("--help Show this")]


def test_every_setting_is_an_option_or_known_to_be_none() -> None:
    assert [name for name in Settings.model_fields if name not in NO_FLAG] == list(flags())


@pytest.mark.parametrize("command", COMMANDS)
def test_all_commands_offer_the_same_settings(tmp_path: Path, command: str) -> None:
    said = offered(command, tmp_path)
    assert said == offered("run", tmp_path)
    names = [name.replace("-", "_") for name in re.findall(r"--([a-z-]+) (?=<|[A-Z])", said)]
    assert names == [*flags(), "config"]
    for flag in flags().values():
        assert flag.help in said


def test_each_option_is_a_setting_with_its_origin(tmp_path: Path) -> None:
    write(tmp_path, "other.toml", "votes = 9\n")
    given = {
        "model": (["-m", "openai:a", "--model", "openai:b"], ["openai:a", "openai:b"]),
        "rubric": (["-r", "grade"], ["grade"]),
        "votes": (["-n", "4"], 4),
        "temperature": (["--temperature", "0"], [0.0]),
        "seed": (["--seed", "0"], 0),
        "evaluators": (["-e", "number", "-e", "exact"], ["number", "exact"]),
        "weakest": (["--weakest", "rule"], "rule"),
        "tools": (["--tools", "check"], ["check"]),
        "criterion": (["--criterion", "short"], "short"),
        "in_flight": (["--in-flight", "3"], 3),
        "max_tokens": (["--max-tokens", "7"], 7),
        "base_url": (["--base-url", "http://x/v1"], "http://x/v1"),
        "engine": (["--engine", "dtype=float32"], {"dtype": "float32"}),
        "deterministic": (["--deterministic"], True),
        "score": (["--score"], True),
        "threshold": (["--threshold", "0.5"], "0.5"),
    }
    assert list(given) == list(flags())
    words = [word for some, _ in given.values() for word in some]
    shown = quick("config", *words, "--config", "other.toml", "--json", cwd=tmp_path).json
    for name, (_, value) in given.items():
        assert shown[name] == {"value": value, "origin": f"flag --{name.replace('_', '-')}"}
    assert quick("config", "--config", "other.toml", "--json", cwd=tmp_path).json["votes"]["origin"] == "other.toml"


@pytest.mark.parametrize(
    "words",
    [
        ["check", "--response", "1"],
        ["run", "cases.jsonl"],
        ["lm-eval", "rescore", "cases.jsonl"],
        ["grade", "grader.json", "rows.jsonl"],
    ],
)
def test_every_command_hears_an_option(tmp_path: Path, words: list[str]) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    ran = quick(*words, "--threshold", "0.5", cwd=tmp_path)
    assert (ran.code, ran.err) == (
        2,
        "judge: settings that do not go together: Value error, a threshold is for judging by score: add --score\n",
    )


@pytest.mark.parametrize("flag", ["--rubric", "--evaluators", "--criterion"])
def test_grade_refuses_what_a_grader_says_itself(tmp_path: Path, flag: str) -> None:
    check = {"type": "string_check", "name": "same", "input": "{{sample.output_text}}", "reference": "1"}
    write(tmp_path, "grader.json", {**check, "operation": "eq"})
    write(tmp_path, "rows.jsonl", {"item": {}, "sample": {"output_text": "1"}})
    ran = quick("grade", "grader.json", "rows.jsonl", flag, "exact", cwd=tmp_path)
    assert (ran.code, ran.err) == (
        2,
        f"judge: {flag} cannot be heard here: a grader says itself who judges, and by what\n",
    )
    assert quick("grade", "grader.json", "rows.jsonl", cwd=tmp_path).code == 0  # as a variable sets some of them


def test_help_of_a_command_loads_no_engine(tmp_path: Path) -> None:
    ran = judge("run", "--help", cwd=tmp_path, env={"PYTHONVERBOSE": "1"})
    assert "import 'judge.config'" in ran.err
    for module in ("openai", "judge.judging", "numpy"):
        assert f"import '{module}'" not in ran.err
