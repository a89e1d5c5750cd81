"""Keys, base URLs, and letting go of connections."""

import gc

import pytest
from asking import ask, at_once, environment, model_at, outcome, serving
from server import FakeOpenAI
from server_faults import Fill, Text

from judge.errors import ConfigError, ModelDown
from judge.models import ModelOptions
from judge.models.openai_api import OpenAIModel, create


def test_a_wrong_key_is_found_before_any_work() -> None:
    with environment(JUDGE_TEST_KEY="wrong-secret"), FakeOpenAI(Fill(), require_key="right") as server:
        with model_at(server, api_key_env="JUDGE_TEST_KEY") as model:
            with pytest.raises(ModelDown, match="refuses the key") as caught:
                model.preflight()
            assert outcome(model) == "ModelDown: refused"
        assert server.url in str(caught.value) and "wrong-secret" not in str(caught.value)


def test_the_key_comes_from_the_variable_that_is_named() -> None:
    with (
        environment(JUDGE_TEST_KEY="right\r\n", OPENAI_API_KEY="wrong"),
        FakeOpenAI(Fill(), require_key="right") as server,
    ):
        with model_at(server, api_key_env="JUDGE_TEST_KEY") as model:
            model.preflight()
            assert outcome(model) == "{}"
        with environment(OPENAI_API_KEY="right"), model_at(server) as model:
            assert outcome(model) == "{}"


def test_a_missing_key_is_named() -> None:
    with environment(OPENAI_API_KEY=None, OPENAI_BASE_URL=None, JUDGE_TEST_KEY=None):
        with pytest.raises(ConfigError, match="OPENAI_API_KEY is not set"):
            OpenAIModel("gpt-5-mini")
        for url in (None, "http://localhost:1/v1"):  # a variable that was named has to be there
            with pytest.raises(ConfigError, match="JUDGE_TEST_KEY is not set"):
                OpenAIModel("any", ModelOptions(api_key_env="JUDGE_TEST_KEY", base_url=url))
    with environment(OPENAI_API_KEY="", OPENAI_BASE_URL=None), pytest.raises(ConfigError, match="OPENAI_API_KEY"):
        OpenAIModel("gpt-5-mini")


@pytest.mark.parametrize("key", ["ключ", "two\nlines", "nul\x7f"])
def test_a_key_that_no_header_can_carry(key: str) -> None:
    with environment(JUDGE_TEST_KEY=key), pytest.raises(ConfigError, match="JUDGE_TEST_KEY") as caught:
        OpenAIModel("any", ModelOptions(api_key_env="JUDGE_TEST_KEY"))
    assert key not in str(caught.value)


def test_a_server_of_ones_own_needs_no_key() -> None:
    with environment(OPENAI_API_KEY=None), serving(Text("yes")) as (server, model):
        model.preflight()
        assert outcome(model) == "yes"
        with environment(OPENAI_BASE_URL=server.url):
            other = OpenAIModel("fake-model")
            assert outcome(other) == "yes"
            other.close()


@pytest.mark.parametrize("url", ["localhost:8000/v1", "http://", "ftp://host/v1", "http://[::1", "http://host:99999"])
def test_a_base_url_that_is_none(url: str) -> None:
    with environment(OPENAI_API_KEY="k"), pytest.raises(ConfigError, match="is not an address") as caught:
        OpenAIModel("any", ModelOptions(base_url=url))
    assert repr(url) in str(caught.value)


def test_a_server_that_does_not_list_its_models_is_fine() -> None:
    with FakeOpenAI(Fill()) as server, model_at(server, base_url=f"{server.url}/nowhere") as model:
        model.preflight()
        assert outcome(model) == "ModelDown: refused"  # and a wrong path is found by the first call


def test_a_model_needs_a_name() -> None:
    with pytest.raises(ConfigError, match="needs a name"):
        create("", ModelOptions(base_url="http://localhost:1"))
    assert create("a/b", ModelOptions(base_url="http://localhost:1")).name == "openai:a/b"


@pytest.mark.exhaustive
def test_close_leaves_nothing_open_and_a_later_call_works() -> None:
    """A session left open would warn when it is collected, and warnings are errors."""
    with serving(Text("yes")) as (_, model):
        model.close()
        for _ in range(2):
            assert at_once(lambda _: outcome(model), range(4)) == ["yes"] * 4
            model.close()
            model.close()
            gc.collect()
        model.preflight()
        assert model.generate(ask()).text == "yes"
