"""The contestants of benchmarks/vllm.py, over one engine: vLLM's batch call in three ways, and `judge`."""

import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

from peers.vllm_steps import counted

from judge import Case, Judge, Request, Rubric
from judge.assembly import load_model
from judge.models import ModelOptions
from judge.models.dialects import DIALECTS
from judge.panel.actions import Form
from judge.types import Message


@dataclass(frozen=True)
class Settings:
    """Of one benchmark."""

    model: str
    engine: dict[str, Any]
    cases: int
    conversations: int
    in_flight: int
    max_tokens: int
    tool_s: float
    rounds: int
    steps: bool = False


@dataclass
class Measured:
    """One contestant in one round."""

    seconds: float
    done: int
    prompt: int = 0
    cached: int = 0
    said: int = 0
    idle: float = 0.0


@dataclass
class Bench:
    """The engine, through `judge`'s model and through vLLM's own class."""

    settings: Settings
    model: Any
    llm: Any
    rubric: Rubric = field(default_factory=lambda: Rubric.find("correctness"))

    @property
    def vote(self) -> dict[str, Any]:
        return dict(Form(self.rubric, [], way="plain").asks(last=True)["output"])


def rounds(settings: Settings, *, parts: Iterable[str]) -> dict[str, Any]:
    """Return a table for each part: medians over the rounds, and ratios of contestants of the same round."""
    model = load_model(f"vllm:{settings.model}", ModelOptions(engine=settings.engine))
    model.preflight()  # type: ignore[attr-defined]
    bench = Bench(settings, model, batch_api(model))
    # The first round is short and not counted: kernels and grammars are made in it.
    small = replace(bench, settings=replace(settings, cases=8, conversations=8))
    contestants: dict[str, list[tuple[str, Callable[[Bench, int], Measured]]]] = {
        "votes": [("(a) LLM.chat, all at once", raw), ("(b) judge, one vote", one_vote), ("(c) judge, 5 votes", five)],
        "turns": [("(d) judge", ours), ("lockstep over LLM.chat", lockstep), ("micro-batches", micro_batches)],
    }
    found: dict[str, Any] = {}
    try:
        for part in parts:
            taken: dict[str, list[Measured]] = {name: [] for name, _ in contestants[part]}
            for number in range(settings.rounds + 1):
                for place, (name, run) in enumerate(contestants[part]):
                    with counted(bench.llm.llm_engine) if settings.steps else nullcontext() as steps:
                        measured = run(bench if number else small, number * 10 + place)
                    if number:
                        taken[name].append(measured)
                        said = f"{measured.done} in {measured.seconds:.1f} s"
                        print(f"round {number} of {settings.rounds}: {name}: {said}", file=sys.stderr)
                        if steps:
                            print(f"  {steps.figures(measured.seconds)}", file=sys.stderr)
            found[part] = table(taken, faster=part == "turns")
    finally:
        model.close()  # type: ignore[attr-defined]
    return found


def batch_api(model: Any) -> Any:
    """vLLM's own batch call over the engine that is loaded, as its constructor would have put it together."""
    from vllm import LLM
    from vllm.utils.counter import Counter

    engine = model._ready()[0].engine
    llm = LLM.__new__(LLM)
    llm.llm_engine, llm.engine_class = engine, type(engine)
    llm.model_config, llm.renderer, llm.input_processor = engine.model_config, engine.renderer, engine.input_processor
    llm.runner_type, llm.chat_template, llm.default_sampling_params = engine.model_config.runner_type, None, None
    llm.supported_tasks = engine.get_supported_tasks()
    llm.request_counter = Counter()
    return llm


def table(taken: dict[str, list[Measured]], *, faster: bool) -> list[dict[str, Any]]:
    """Rows of medians. Ratios: of the first contestant's speed, or how many times as fast the first one is."""
    base = next(iter(taken.values()))
    rows = []
    for name, many in taken.items():
        speeds = [(m.done / m.seconds, b.done / b.seconds) for m, b in zip(many, base, strict=True)]
        rows.append(
            {
                "name": name,
                "per_s": round(median(mine for mine, _ in speeds), 3),
                "ratio": round(median(first / mine if faster else mine / first for mine, first in speeds), 4),
                "ratios": [round(first / mine if faster else mine / first, 3) for mine, first in speeds],
                "hit_rate": round(sum(m.cached for m in many) / max(1, sum(m.prompt for m in many)), 4),
                "idle": round(median(m.idle for m in many), 5),
                "tokens": round(median(m.said for m in many)),
            }
        )
    return rows


def cases(count: int, number: int) -> list[Case]:
    """Questions that no other round has, three responses to each next to each other."""
    names = ["apple", "bridge", "cloud", "door", "engine", "forest", "garden", "hammer", "island", "jacket"]
    return [
        Case(
            id=f"case {n}",
            question=f"In round {number}, what does {names[n // 3 % 10]} {n // 3} weigh, in grams?",
            response=f"I would say {37 * n % 1000 + n % 3} grams, after weighing it twice.",
            reference=f"{37 * (n // 3) % 1000} g",
        )
        for n in range(count)
    ]


LENGTHS = (2, 2, 3, 3, 4, 6, 8, 16)  # of 16
TOOLS = (0.2, 0.2, 0.5, 0.5, 1.0, 1.0, 2.0, 8.0)


def raw(bench: Bench, number: int) -> Measured:
    """All prompts handed over at once."""
    prompts = [bench.rubric.render(case) for case in cases(bench.settings.cases, number)]
    began = time.perf_counter()
    outputs = chat(
        bench, [Request(messages=p, output=bench.vote, max_tokens=bench.settings.max_tokens) for p in prompts]
    )
    return of_outputs(outputs, time.perf_counter() - began, done=len(prompts))


def one_vote(bench: Bench, number: int) -> Measured:
    return judged(bench, number, votes=1)


def five(bench: Bench, number: int) -> Measured:
    return judged(bench, number, votes=5)


def judged(bench: Bench, number: int, *, votes: int) -> Measured:
    """The whole way: rubric, form, engine, validation, counting."""
    settings = bench.settings
    judge = Judge(
        model=bench.model, evaluators="none", tools="none", votes=votes, temperature=(0.0 if votes == 1 else 0.7,),
        max_tokens=settings.max_tokens, in_flight=settings.in_flight,
    )  # fmt: skip
    return by_us(bench, lambda: len(list(judge.run(cases(settings.cases, number)))))


def turns_of(n: int) -> int:
    """One conversation in ten takes five turns, the others one."""
    return 5 if n % 10 == 3 else 1


def request_of(bench: Bench, conversation: tuple[Message, ...], *, n: int, turn: int) -> Request:
    """The next turn. Replies have the same length for every contestant: most are short, one in eight is long."""
    allowed = bench.settings.max_tokens * LENGTHS[(3 * n + turn) % 8] // 16
    return Request(messages=conversation, temperature=0.0, max_tokens=max(2, allowed), turn=turn)


def tool_s(bench: Bench, n: int, turn: int) -> float:
    """How long the tool takes: most are quick, one in eight takes eight times as long as the usual one."""
    return bench.settings.tool_s * TOOLS[(5 * n + turn) % 8]


def after(conversation: tuple[Message, ...], said: str, n: int) -> tuple[Message, ...]:
    result = Message(role="user", content=f"The result of your call:\n{n * 17 % 1000} grams. Go on.")
    return (*conversation, Message(role="assistant", content=said), result)


def openings(bench: Bench, number: int) -> list[tuple[Message, ...]]:
    return [bench.rubric.render(case) for case in cases(bench.settings.conversations, number)]


def ours(bench: Bench, number: int) -> Measured:
    """A thread a conversation, as `judge` has; each goes on as soon as its own tool has answered."""
    conversations = openings(bench, number)

    def converse(n: int) -> None:
        messages = conversations[n]
        for turn in range(turns_of(n)):
            request = request_of(bench, messages, n=n, turn=turn)
            messages = after(messages, generated(bench.model, request), n)
            if turn < turns_of(n) - 1:
                time.sleep(tool_s(bench, n, turn))

    def all_of_them() -> int:
        with ThreadPoolExecutor(bench.settings.in_flight) as pool:
            return len(list(pool.map(converse, range(len(conversations)))))

    return by_us(bench, all_of_them)


def generated(model: Any, request: Request) -> str:
    """A reply of just so many tokens as it may have, for which the model itself would report that it was cut off."""
    _, writer = model._ready()
    prompt, params = writer.write(request), writer.params(request, room=1 << 20)
    params.ignore_eos = True
    output = model._loop().ask(prompt, params, order=prompt.tokens)
    model._count(output, time.monotonic())
    return str(output.outputs[0].text)


def lockstep(bench: Bench, number: int) -> Measured:
    """The next turn of all conversations in one call; the tools of a turn run beside each other."""
    return stepped(bench, number, size=bench.settings.conversations)


def micro_batches(bench: Bench, number: int) -> Measured:
    """The same, for a quarter of the conversations at a time."""
    return stepped(bench, number, size=max(1, bench.settings.conversations // 4))


def stepped(bench: Bench, number: int, *, size: int) -> Measured:
    conversations = dict(enumerate(openings(bench, number)))
    outputs: list[Any] = []
    began = time.perf_counter()
    for start in range(0, len(conversations), size):
        left = list(range(start, min(start + size, len(conversations))))
        turn = 0
        while left:
            answers = chat(bench, [request_of(bench, conversations[n], n=n, turn=turn) for n in left], whole=True)
            outputs += answers
            for n, answer in zip(left, answers, strict=True):
                conversations[n] = after(conversations[n], answer.outputs[0].text, n)
            turn += 1
            left = [n for n in left if turns_of(n) > turn]
            if left:
                time.sleep(max(tool_s(bench, n, turn - 1) for n in left))  # all of them beside each other
    return of_outputs(outputs, time.perf_counter() - began, done=len(conversations))


def chat(bench: Bench, requests: list[Request], *, whole: bool = False) -> list[Any]:
    """vLLM's batch call, with the same messages and the same way of sampling; `whole`: to the end of max_tokens."""
    writer = bench.model._ready()[1]
    messages = [DIALECTS["chat"].write("", request, frozenset())["messages"] for request in requests]
    params = [writer.params(r.model_copy(update={"temperature": 0.0}), room=1 << 20) for r in requests]
    for one in params:
        one.ignore_eos = whole
    return list(bench.llm.chat(messages, params, use_tqdm=False))


def of_outputs(outputs: list[Any], seconds: float, *, done: int) -> Measured:
    return Measured(
        seconds=seconds,
        done=done,
        prompt=sum(len(output.prompt_token_ids) for output in outputs),
        cached=sum(output.num_cached_tokens or 0 for output in outputs),
        said=sum(len(output.outputs[0].token_ids) for output in outputs),
    )


def by_us(bench: Bench, run: Callable[[], int]) -> Measured:
    """Run something through `judge`'s model, and read its counters before and after."""
    before = bench.model.statistics()
    began = time.perf_counter()
    done = run()
    seconds = time.perf_counter() - began
    now = bench.model.statistics()
    new = {name: now[name] - before.get(name, 0) for name in ("prompt", "cached", "completion", "busy_s", "idle_s")}
    assert threading.active_count() > 1  # the engine's thread is still there
    idle = new["idle_s"] / (new["busy_s"] + new["idle_s"])
    return Measured(seconds, done, new["prompt"], new["cached"], new["completion"], idle)
