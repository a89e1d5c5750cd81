"""Kill a run again and again, look at what is left, and let it go on: ``python killing.py FOLDER --kills 500``.

The program loads `judge` once and stays with a single thread; each attempt is a fork of it, so that a thousand kills
take little more than the time the runs had. Prints one line of JSON; anything wrong ends it with the seed and the file.
"""

import argparse
import hashlib
import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from judge import Case, Judge, ModelError, Reply, Request, ScriptedModel, StoreError, ToolCall, Vote
from judge.record.store import Store, Stored
from judge.types import Exchange

CASES = [Case(id=f"case {n}", question="Which?", response=f"r{n}", reference="2" * n + "?") for n in range(40)]
VOTES = 3


class Echo:
    name = "echo"
    description = "Repeats a text."
    deterministic = True

    class Arguments(BaseModel):
        text: str

    def run(self, arguments: BaseModel, /) -> str:
        return f"heard {arguments.model_dump()['text']}"


def chance(*parts: object) -> int:
    """Return a number below 1000 that depends on nothing but the parts."""
    return int(hashlib.sha256(repr(parts).encode()).hexdigest(), 16) % 1000


def answer(request: Request) -> Reply | dict[str, Any]:
    """Say the same to the same request, after a millisecond or two: a failure, a tool call, nonsense or a vote."""
    time.sleep(0.001 + chance("delay", request.case_id, request.seed, request.turn) / 1e6)
    luck = chance(request.case_id, request.seed)
    if luck < 150 and request.turn == luck % 2:
        raise ModelError("the script says so", cause="timeout")
    if request.turn == 0:
        return Reply(tool_calls=(ToolCall(id="call", name="echo", arguments=json.dumps({"text": request.case_id})),))
    if request.turn == 1 and luck % 10 == 3:
        return Reply(text="I would rather not say.")
    label = "correct" if luck % 2 else "incorrect"
    vote = {"reason": f"the response to {request.case_id} ☃", "cites": ["e1"], "label": label}
    return Reply(tool_calls=(ToolCall(id="vote", name="vote", arguments=json.dumps(vote)),))


def attempt(path: Path, log: int) -> None:
    """Run, or go on with, all cases, and write down each question asked and each verdict given."""

    def asked(request: Request) -> Reply | dict[str, Any]:
        os.write(log, f"ask {request.case_id}\n".encode())
        return answer(request)

    judge = Judge(model=ScriptedModel(asked), evaluators="none", tools=[Echo()], votes=VOTES, in_flight=6)
    for verdict in judge.run(CASES, path=path):
        os.write(log, f"ack {verdict.case_id}\n".encode())


def forked(path: Path, *, kill_after: float | None) -> bool:
    """Attempt a run in a child. Return whether it was killed before it was done."""
    pid = os.fork()
    if pid == 0:
        try:
            attempt(path, os.open(logged(path), os.O_WRONLY | os.O_APPEND | os.O_CREAT))
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a fork must not go on as its parent would
            traceback.print_exc()
            os._exit(1)
    end = time.monotonic() + (600 if kill_after is None else kill_after)
    while not (done := os.waitpid(pid, os.WNOHANG))[0] and time.monotonic() < end:
        time.sleep(0.001)
    if not done[0]:
        os.kill(pid, signal.SIGKILL)
        done = os.waitpid(pid, 0)
    status = done[1]
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "an attempt failed; see its traceback above"
    return False


def logged(path: Path) -> Path:
    return path.with_suffix(".log")


def acknowledged(path: Path) -> set[str]:
    """Return the cases whose verdicts were given. Nobody may have been asked about one of them afterwards."""
    given: set[str] = set()
    for line in logged(path).read_text().splitlines() if logged(path).exists() else ():
        word, _, name = line.partition(" ")
        if word == "ack":
            given.add(name)
        assert word == "ack" or name not in given, f"{name!r} had its verdict, and was asked about again"
    return given


Whole = dict[str, tuple[Stored, list[Exchange]]]


def whole(path: Path) -> Whole:
    """Return every verdict of a run file with all that was said to reach it."""
    with Store.read(path) as store:
        found = {s.case.id: (timeless(s), store.exchanges(s.case.id)) for s in store.all()}
        rows = next(store.query("SELECT count(*) FROM verdicts"))[0]
    assert rows == len(found), f"{rows} verdicts on {len(found)} cases: something was judged twice"
    return found


def timeless(stored: Stored) -> Stored:
    """Return it without when it was given and what tool calls took: they run anew in each attempt."""

    def without(vote: Vote) -> Vote:
        return vote.model_copy(
            update={"evidence": tuple(e.model_copy(update={"seconds": None}) for e in vote.evidence)}
        )

    votes = tuple(map(without, stored.verdict.votes))
    return stored._replace(at=None, verdict=stored.verdict.model_copy(update={"votes": votes}))


def look(path: Path, undisturbed: Whole) -> int:
    """Look at what a kill left: nothing that was given is missing, and what is there is whole and right."""
    given = acknowledged(path)
    try:
        found = whole(path)
    except StoreError:
        assert not given, f"the file cannot be read, and {len(given)} verdicts had been given"
        return 0
    assert given <= set(found), f"lost: {sorted(given - set(found))}"
    for name, kept in found.items():
        assert kept == undisturbed[name], f"{name!r} is not what it is without a kill"
    return len(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    chosen = random.Random(options.seed)

    assert not forked(options.folder / "undisturbed.judge", kill_after=None)
    undisturbed = whole(options.folder / "undisturbed.judge")
    assert len(undisturbed) == len(CASES)

    kills, looks, runs, left = 0, 0, 0, []
    length = 0.3  # seconds, about what an attempt takes; learned on the way, since machines differ
    path = options.folder / "run 0.judge"
    try:
        while kills < options.kills:
            # Mostly any moment of a run; now and then one of its first, when the file is made or taken up again.
            longest = chosen.choices([length, 0.05], weights=[5, 1])[0]
            if forked(path, kill_after=chosen.uniform(0, longest)):
                kills += 1
                length *= 1.02
                if chosen.random() < 0.2:  # not always, since looking at a file may mend what the next attempt meets
                    left.append(look(path, undisturbed))
                    looks += 1
            else:
                acknowledged(path)
                assert whole(path) == undisturbed, "the run is done, and not what it is without kills"
                runs += 1
                length *= 0.9
                path = options.folder / f"run {runs}.judge"
        assert not list(options.folder.glob("*.damaged-*")), "a file was taken for damaged"
    except BaseException:
        print(f"seed {options.seed}, kill {kills}, file {str(path)!r}", file=sys.stderr)
        raise
    print(json.dumps({"kills": kills, "looks": looks, "runs": runs, "seconds_of_an_attempt": round(length, 3),
                      "seed": options.seed, "verdicts_left": sorted(set(left))}))  # fmt: skip


if __name__ == "__main__":
    main()
