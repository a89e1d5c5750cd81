"""Untrusted code in a killable, limited, isolated process.

    from judge.sandbox import Limits, shared

    shared().run("print(2 ** 10)").stdout                      # '1024\\n'
    shared().run(["bash", "-c", "echo $((6 * 7))"], limits=Limits(processes=8))
    shared().apply("def f(x): return x * x", [(3,), (4,)])     # two results: 9 and 16

What it stops and what it does not is in docs/sandbox.md.
"""

from judge.sandbox.program import Failed, Program, Running
from judge.sandbox.records import Completed, Limits, MiB, Probe, Reason, Result, Tier
from judge.sandbox.sandbox import Sandbox, allow_unsafe, is_unsafe, shared
from judge.sandbox.session import Session
from judge.sandbox.stopping import stopping_at

__all__ = [
    "Completed",
    "Failed",
    "Limits",
    "MiB",
    "Probe",
    "Program",
    "Reason",
    "Result",
    "Running",
    "Sandbox",
    "Session",
    "Tier",
    "allow_unsafe",
    "is_unsafe",
    "shared",
    "stopping_at",
]
