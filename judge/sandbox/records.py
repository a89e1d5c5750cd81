"""What a run may use, what came out of it, and what the self-test saw."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from judge.types import Record

MiB = 2**20

Reason = Literal["time", "cpu", "memory", "output", "disk", "files", "processes", "crash"]
Tier = Literal["full", "restricted", "unsafe"]


class Limits(Record):
    """What one run may use. A limit that is exceeded ends the run, and its `reason` says which one it was.

    ``processes=1`` forbids new processes (threads are allowed); more than one allows programs such as bash, and then
    CPU and memory are summed over all of them. The memory that the preloaded libraries take (about 70 MiB, shared by
    all runs) is not counted.

    ``memory_bytes`` bounds the address space of each process, which the kernel does exactly. A JVM or node reserves
    gigabytes of addresses that it never uses: for them `address_bytes` bounds the address space instead, and
    ``memory_bytes`` the memory that all processes hold together, looked at every 20 ms, so that more may be taken in
    between. Not for code that would do without.
    """

    seconds: float = Field(default=5.0, gt=0, le=1e6, allow_inf_nan=False)
    cpu_seconds: float = Field(default=5.0, gt=0, le=1e6, allow_inf_nan=False)
    memory_bytes: int = Field(default=512 * MiB, ge=MiB, le=2**46)
    address_bytes: int | None = Field(default=None, ge=MiB, le=2**46)
    output_bytes: int = Field(default=MiB, ge=0, le=2**31)
    disk_bytes: int = Field(default=64 * MiB, ge=MiB, le=2**46)
    files: int = Field(default=128, ge=8, le=2**20)
    processes: int = Field(default=1, ge=1, le=2**22)

    def stopped(self, reason: Reason) -> str:
        """Return which limit ended a run, and how large it is, as a sentence without its subject.

        >>> Limits(seconds=5).stopped("time")
        'took longer than 5 s and was stopped'
        """
        return {
            "time": f"took longer than {self.seconds:g} s and was stopped",
            "cpu": f"took more than {self.cpu_seconds:g} s of processor time and was stopped",
            "memory": f"needed more than {self.memory_bytes // MiB} MiB of memory and was stopped",
            "output": f"wrote more than {self.output_bytes // 1024} KiB and was stopped",
            "disk": f"wrote more than {self.disk_bytes // MiB} MiB of files and was stopped",
            "files": f"opened more than {self.files} files and was stopped",
            "processes": f"started more than {self.processes} processes and was stopped",
            "crash": "crashed the process it ran in",
        }[reason]


class Completed(Record):
    """How a run ended. Everything in it but `exit` of a program, `reason` and `seconds` is the untrusted code's word.

    ``exit`` is 0 for code that ended well and 1 for an exception nobody caught; None for a run that was killed.
    ``value`` is the repr of a last expression. ``error`` is the traceback, with the frames of the snippet only.
    ``peak_bytes`` is the largest resident size of one process, the preloaded libraries included.
    """

    stdout: str
    stderr: str
    value: str | None = None
    exit: int | None = None
    reason: Reason | None = None
    seconds: float = 0.0
    peak_bytes: int = 0
    error: str | None = None


class Result(Record):
    """What one call of a candidate gave: plain data rebuilt outside, or why there is none."""

    value: Any = None
    error: str | None = None
    reason: Reason | None = None


class Probe(Record):
    """One thing that the self-test tried from inside. `passed` means that it was stopped; `detail` says by what."""

    name: str
    passed: bool
    detail: str = ""
