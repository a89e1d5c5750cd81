"""A guard ends what a program started when the program is gone, or sends it home."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from judge.models.vllm_guard import guarded

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="pidfd is Linux's, as vLLM is")

SLEEPER = "import signal, sys, time; {first}; print('ready', flush=True); time.sleep(600)"
PROGRAM = """
import subprocess, sys, time
from judge.models.vllm_guard import guarded
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, start_new_session=True)
child.stdout.readline()
dismiss = guarded([child.pid])
print(child.pid, flush=True)
time.sleep(600)
"""


def sleeper(first: str = "pass") -> str:
    return SLEEPER.format(first=first)


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
    killed: list[object] = []
    kill = subprocess.Popen.kill
    monkeypatch.setattr(subprocess.Popen, "kill", lambda guard: killed.append(guard) or kill(guard))
    dismiss = guarded([])
    holder = os.fork()  # inherits the pipe, as an engine does that vLLM forks off
    if holder == 0:
        time.sleep(600)
        os._exit(0)
    dismiss()
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    assert not killed  # as it would be, had it been waited for in vain


def test_processes_that_are_gone_already_are_no_trouble() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait(60)
        dismiss = guarded([child.pid])
    dismiss()
