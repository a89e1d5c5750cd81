"""A guard ends what a program started when the program is gone, or sends it home."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from judge.models.vllm.guard import guarded

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="pidfd is Linux's, as vLLM is")

SLEEPER = "import signal, sys, time; {first}; print('ready', flush=True); time.sleep(600)"
PROGRAM = """
import subprocess, sys, time
from judge.models.vllm.guard import guarded
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, start_new_session=True)
child.stdout.readline()
dismiss = guarded([child.pid])
print(child.pid, flush=True)
time.sleep(600)
"""


def sleeper(first: str = "pass") -> str:
    return SLEEPER.format(first=first)


@pytest.mark.exhaustive
@pytest.mark.parametrize("first", ["pass", "signal.signal(signal.SIGTERM, signal.SIG_IGN)"])
def test_what_a_killed_program_started_is_ended(first: str) -> None:
    """Also a process that does not heed being asked."""
    with subprocess.Popen([sys.executable, "-c", PROGRAM, sleeper(first)], stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        left = os.pidfd_open(int(program.stdout.readline()))
        program.kill()
    ended, _, _ = select.select([left], [], [], 60)
    os.close(left)
    assert ended


def test_a_guard_that_is_sent_home_ends_what_is_left() -> None:
    with subprocess.Popen([sys.executable, "-c", sleeper()], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        guarded([child.pid])()
        assert child.wait(60) == -signal.SIGTERM


def test_a_guard_goes_home_though_another_process_holds_its_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an engine does that vLLM forks off later."""
    started: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*words: Any, **more: Any) -> subprocess.Popen[bytes]:
        started.append(popen(*words, **more))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    dismiss = guarded([])
    (guard,) = started
    assert guard.stdin is not None
    held = os.dup(guard.stdin.fileno())
    dismiss()
    os.close(held)
    assert guard.returncode == 0  # and not killed, after it was waited for in vain


def test_processes_that_are_gone_already_are_no_trouble() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait(60)
        dismiss = guarded([child.pid])
    dismiss()
