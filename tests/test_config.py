"""Settings: which source wins, that each value says where it came from, and what is refused."""

from pathlib import Path

import pytest

from judge import ConfigError
from judge.config import load


def write(folder: Path, text: str) -> Path:
    path = folder / "judge.toml"
    path.write_text(text)
    return path


def test_flags_beat_variables_beat_the_file_beat_defaults(tmp_path: Path) -> None:
    file = write(tmp_path, 'votes = 3\nseed = 1\nmodel = "openai:a"\n')
    found = load({"votes": 7, "rubric": []}, file=file, environ={"JUDGE_VOTES": "5", "JUDGE_SEED": "2"})
    assert (found.settings.votes, found.settings.seed, found.settings.model) == (7, 2, ("openai:a",))
    assert found.origins["votes"] == "flag --votes"
    assert found.origins["seed"] == "environment variable JUDGE_SEED"
    assert found.origins["model"] == str(file)
    assert found.origins["rubric"] == "default"


def test_lists_may_be_one_text() -> None:
    settings = load({}, environ={"JUDGE_MODEL": "openai:a, openai:b", "JUDGE_TEMPERATURE": "0,0.5"}).settings
    assert settings.model == ("openai:a", "openai:b")
    assert settings.temperature == (0.0, 0.5)


def test_a_model_has_its_own_table(tmp_path: Path) -> None:
    text = 'base_url = "http://one/v1"\n[models."openai:b"]\nbase_url = "http://two/v1"\nprice_prompt = 0.5\n'
    settings = load({}, file=write(tmp_path, text), environ={}).settings
    assert settings.options("openai:a").base_url == "http://one/v1"
    assert settings.options("openai:b").base_url == "http://two/v1"
    assert settings.options("openai:b").price_prompt == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vote = 3", "unknown setting 'vote'. Did you mean 'votes'"),
        ('votes = "many"', "setting 'votes'.*'many'"),
        ("votes = 0", "setting 'votes'"),
        ("votes = ", "cannot be read"),
    ],
)
def test_a_wrong_file_is_named_with_the_setting(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError, match=message) as caught:
        load({}, file=file, environ={})
    assert str(file) in str(caught.value)


def test_a_wrong_model_table_is_named(tmp_path: Path) -> None:
    settings = load({}, file=write(tmp_path, '[models."openai:a"]\nbase_rul = "x"\n'), environ={}).settings
    with pytest.raises(ConfigError, match=r'models."openai:a".base_rul.*Did you mean .base_url'):
        settings.options("openai:a")


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(ConfigError, match=r"JUDGE_VOTE: unknown setting"):
        load({}, environ={"JUDGE_VOTE": "3"})


def test_a_file_that_was_asked_for_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        load({}, file=tmp_path / "none.toml")
