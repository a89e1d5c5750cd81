"""Kill the process of a real engine while requests wait, and say what became of them: ``python dying.py MODEL``.

The engine's core is here in a process of its own, as on a GPU, so that it can be killed like one that crashes.
Prints one line of JSON.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path

from judge.assembly import load_model
from judge.errors import ModelDown
from judge.models import ModelOptions
from judge.types import Message, Request

ENGINE = {"dtype": "float32", "max_model_len": 1024, "max_num_seqs": 8, "kv_cache_memory_bytes": 1 << 28}
CALLERS = 6


def main() -> None:
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "1"
    model = load_model(f"vllm:{sys.argv[1]}", ModelOptions(engine=ENGINE))
    ask = Request(messages=(Message(role="user", content="Count to a thousand."),), max_tokens=900, temperature=0.0)
    told: list[str] = []

    def call() -> None:
        try:
            model.generate(ask)
            told.append("answered")
        except ModelDown as error:
            told.append(error.cause)

    model.preflight()  # type: ignore[attr-defined]
    waiting = [threading.Thread(target=call) for _ in range(CALLERS)]
    for thread in waiting:
        thread.start()
    while model.gate.in_flight < CALLERS:  # type: ignore[attr-defined]
        waiting[0].join(0.01)
    for pid in cores():
        os.kill(pid, signal.SIGKILL)
    for thread in waiting:
        thread.join()
    call()
    try:
        model.generate(ask)
        said = ""
    except ModelDown as error:
        said = str(error)
    model.close()  # type: ignore[attr-defined]
    print(json.dumps({"told": told, "said": said, "left": len(cores())}))


def cores() -> list[int]:
    """The processes below this one that run an engine's core."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            names[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
    mine = {os.getpid()}
    for _ in range(4):
        mine |= {pid for pid, parent in parents.items() if parent in mine}
    return [pid for pid in mine if "EngineCore" in names[pid]]


if __name__ == "__main__":
    main()
