"""A real model in a real vLLM, in this process and behind its server: the same tests for both.

The model is at chance as a judge, so that nothing here is about whether it is right. `scripts/vllm_cpu/install.sh`
installs what is needed; ``pytest -m vllm`` in that environment, with SMALL_MODEL set, runs them.
"""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from backends import CASES, Backend, ask, text_of
from pydantic import BaseModel

from judge import Case, ModelError, Tool, Verdict
from judge.record.store import Store
from judge.replaying import replay
from judge.types import Message, Request, ToolSpec

# What libraries beneath vLLM warn about is not ours to mend.
pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]

VOTE: dict[str, Any] = {
    "type": "object",
    "properties": {"reason": {"type": "string", "maxLength": 80}, "label": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["reason", "label"],
    "additionalProperties": False,
}
#: A reply of a few words.
SHORT: dict[str, Any] = {
    "output": {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 12}},
        "required": ["name"],
        "additionalProperties": False,
    },
    "temperature": 1.0,
    "max_tokens": 80,
}
Make = Callable[..., Any]
#: What may become of a vote of so small a model.
KNOWN = {"truncated", "bad_schema", "bad_label", "bad_citation", "not_json", "steps", "duplicate_keys", "bad_tool_call"}


def test_chat(model: Make) -> None:
    # What the model's own template says where nobody speaks for the system; that of the server has other words.
    system = Message(role="system", content="You are a helpful AI assistant named SmolLM, trained by Hugging Face")
    asked = Message(role="user", content="What is the capital of France?")
    reply = model().generate(Request(messages=(system, asked), temperature=0.0, max_tokens=300))
    assert "Paris" in reply.text
    assert reply.usage.calls == 1
    assert reply.usage.prompt_tokens > 5
    assert 0 < reply.usage.completion_tokens < 300


def test_structured_replies_keep_to_the_schema(model: Make) -> None:
    for seed in range(3):
        vote = json.loads(text_of(model(), ask(output=VOTE, max_tokens=400, temperature=0.8, seed=seed)))
        assert list(vote) == ["reason", "label"]
        assert vote["label"] in ("yes", "no")


def test_structured_votes_are_stored_and_replayed(backend: Backend, tmp_path: Path) -> None:
    with backend.judge(votes=3, tools="none") as judge:
        verdicts = {v.case_id: v for v in judge.run(CASES, path=tmp_path / "run.judge")}
    assert verdicts.keys() == {case.id for case in CASES}
    votes = [vote for verdict in verdicts.values() for vote in verdict.votes]
    assert any(vote.label for vote in votes), [vote.error for vote in votes]
    assert all(vote.label in ("correct", "incorrect") or (vote.error and vote.error.cause in KNOWN) for vote in votes)
    with Store.read(tmp_path / "run.judge") as store:
        assert [c.differences for c in replay(store)] == [()] * len(CASES)


def test_a_seed_says_what_is_drawn(model: Make) -> None:
    one = model()
    said = [text_of(one, ask("Name an animal, as JSON.", **SHORT, seed=seed)) for seed in (1, 1, 2, 3, 4)]
    assert said[0] == said[1]
    assert len(set(said)) > 1


def test_the_votes_on_a_case_are_samples_of_one_prompt(backend: Backend, model: Make) -> None:
    """Asked for at once, each with its own seed: they differ, and their prompt is worked through once."""
    shared = model()
    messages = (Message(role="user", content="Animals live in many places. " * 60 + "\nName an animal, as JSON."),)
    said: list[str] = []
    wanted = [Request(messages=messages, seed=seed, **SHORT) for seed in range(5)]
    threads = [threading.Thread(target=lambda one=one: said.append(text_of(shared, one))) for one in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(said)) > 1
    if backend.here:  # a server does not say
        counts = shared.statistics()
        assert counts["prompt"] > 5 * 300
        assert counts["hit_rate"] > 0.7  # of five, all but the first


def test_a_turn_works_through_no_more_than_what_is_new(backend: Backend, model: Make) -> None:
    if not backend.here:
        pytest.skip("a server does not say what it had already worked through")
    one = model()
    first = (Message(role="user", content="Plants live in many places. " * 40 + "\nName a plant, as JSON."),)
    one.generate(Request(messages=first, **SHORT))
    before = dict(one.counts)
    more = (*first, Message(role="assistant", content="Moss."), Message(role="user", content="Another, as JSON."))
    one.generate(Request(messages=more, **SHORT))
    new = one.counts["prompt"] - before["prompt"] - (one.counts["cached"] - before["cached"])
    assert new < 64


def test_long_prompts_with_seeds_that_come_together(model: Make) -> None:
    """More tokens than one step takes: an engine on a processor that took prompts in pieces would die of it."""
    one = model()
    asked = [
        ask(
            f"{n}. {f'Of {n} plants in a row, one was tall. ' * 120} Say something.",
            temperature=0.8,
            seed=n,
            max_tokens=4,
        )
        for n in range(8)
    ]
    causes: list[str] = []

    def generate(n: int) -> None:
        try:
            one.generate(asked[n])
        except ModelError as error:
            causes.append(error.cause)

    threads = [threading.Thread(target=generate, args=(n,)) for n in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert causes == ["truncated"] * len(asked)


def test_tools_are_called_through_objects(backend: Backend) -> None:
    with backend.judge(tool_calls="json", max_steps=3) as judge:
        (vote,) = judge.decide(CASES[0]).votes
    assert vote.label in ("correct", "incorrect") or (vote.error is not None and vote.error.cause in KNOWN)
    assert vote.usage.completion_tokens > 0


class Lookup(Tool):
    """A tool that the test sees being called."""

    name = "lookup"
    description = "Looks a word up."

    def __init__(self) -> None:
        self.asked: list[str] = []

    class Arguments(BaseModel):
        word: str

    def run(self, arguments: BaseModel, /) -> str:
        self.asked.append(arguments.model_dump()["word"])
        return "It is in the dictionary."


def test_a_tool_loop_in_objects_runs_the_tool_and_cites_what_it_gave(backend: Backend) -> None:
    """Some of several votes calls the tool, and every call became evidence."""
    tool = Lookup()
    with backend.judge(tool_calls="json", tools=[tool], max_steps=3, votes=3, temperature=(1.0,)) as judge:
        verdict = judge.decide(CASES[2])
    assert tool.asked
    assert len([e for e in verdict.evidence if e.ok]) == len(tool.asked)
    assert all(e.source == "lookup" for e in verdict.evidence)


def test_tools_are_called_in_the_models_own_format(backend: Backend, model: Make) -> None:
    one = model(**backend.tools())
    assert one.native_tools()
    yes = {"type": "object", "properties": {"yes": {"type": "boolean"}}, "required": ["yes"]}
    tool = ToolSpec(name="answer", description="Give the answer.", parameters={**yes, "additionalProperties": False})
    reply = one.generate(ask("Is 2 + 2 = 4? Call answer.", tools=(tool,), temperature=0.0, max_tokens=80))
    (call,) = reply.tool_calls
    assert call.name == "answer"
    assert isinstance(json.loads(call.arguments)["yes"], bool)


def test_a_reply_that_is_cut_off_is_a_recorded_failure(backend: Backend) -> None:
    with backend.judge(max_tokens=3, tools="none") as judge:
        (vote,) = judge.decide(CASES[0]).votes
    assert vote.error is not None
    assert vote.error.cause == "truncated"
    assert vote.usage.calls == 1


def test_a_request_beyond_the_context_is_a_recorded_failure_that_names_the_lengths(backend: Backend) -> None:
    long = Case(id="long", question="What is it?", response="word " * 3000, reference="that")
    with backend.judge(tools="none") as judge:
        too_long, fine = judge.decide(long), judge.decide(CASES[0])
    (failed,) = too_long.votes
    assert failed.error is not None
    assert failed.error.cause == "too_long"
    assert "2048" in failed.error.message  # a server counts no further than one more
    assert not backend.here or 3000 < int(failed.error.message.split("the prompt has ")[1].split()[0]) < 4000
    (vote,) = fine.votes
    assert vote.error is None or vote.error.cause != "too_long"


def test_two_panels_at_once(backend: Backend) -> None:
    """Each in its own thread, with its own rubric; here they share one engine."""
    found: dict[str, list[Verdict]] = {}

    def judged(rubric: str) -> None:
        with backend.judge(rubric=rubric, votes=2, tools="none") as judge:
            found[rubric] = list(judge.run(CASES))

    threads = [threading.Thread(target=judged, args=(rubric,)) for rubric in ("correctness", "correctness_open")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {rubric: len(verdicts) for rubric, verdicts in found.items()} == {"correctness": 3, "correctness_open": 3}
    votes = [vote for verdicts in found.values() for verdict in verdicts for vote in verdict.votes]
    assert any(vote.label for vote in votes), [vote.error for vote in votes]
    assert {vote.error.cause for vote in votes if vote.error} <= KNOWN


def test_a_schema_that_cannot_be_kept_is_refused_alone(backend: Backend, model: Make) -> None:
    if not backend.here:
        pytest.skip("the client of servers asks in words instead; tests/models has that")
    one = model()
    with pytest.raises(ModelError) as refused:
        one.generate(ask(output={"type": "no such type"}))
    assert refused.value.cause == "refused"
    assert one.generate(ask(**SHORT)).text
