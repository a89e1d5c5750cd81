"""What a model is told of a run in the sandbox that a limit ended."""

from __future__ import annotations

from judge.sandbox import Limits, Reason

MiB = 2**20


def stopped(reason: Reason, limits: Limits) -> str:
    """Return which limit ended a run, and how large it is, as a sentence without its subject.

    >>> stopped("time", Limits(seconds=5))
    'took longer than 5 s and was stopped'
    """
    return {
        "time": f"took longer than {limits.seconds:g} s and was stopped",
        "cpu": f"took more than {limits.cpu_seconds:g} s of processor time and was stopped",
        "memory": f"needed more than {limits.memory_bytes // MiB} MiB of memory and was stopped",
        "output": f"wrote more than {limits.output_bytes // 1024} KiB and was stopped",
        "disk": f"wrote more than {limits.disk_bytes // MiB} MiB of files and was stopped",
        "files": f"opened more than {limits.files} files and was stopped",
        "processes": f"started more than {limits.processes} processes and was stopped",
        "crash": "crashed the process it ran in",
    }[reason]
