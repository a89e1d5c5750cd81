"""A JVM and node reserve more addresses than a run may have memory: they run, and what they hold is bounded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from runtimes import EXCESSES, HONEST, ROOMY, Program

from judge.sandbox import Limits, MiB, Sandbox


def needed(program: Program) -> None:
    if shutil.which(program.argv[0]) is None:
        pytest.skip(f"{program.argv[0]} is not installed on this machine")


@pytest.mark.sampled(4)
@pytest.mark.parametrize("program", HONEST, ids=lambda program: program.name)
def test_it_runs_and_computes(sandbox: Sandbox, program: Program) -> None:
    needed(program)
    done = sandbox.run(program.argv, files=program.files, stdin="5", limits=program.limits)
    assert (done.stdout, done.exit, done.reason) == (program.stdout, 0, None), done


@pytest.mark.sampled(8)
@pytest.mark.parametrize("program", EXCESSES, ids=lambda program: program.name)
def test_what_takes_more_than_it_may_is_ended(sandbox: Sandbox, program: Program) -> None:
    needed(program)
    done = sandbox.run(program.argv, files=program.files, limits=program.limits)
    assert done.reason in program.reasons, done
    if done.reason is None:
        assert (done.exit, program.stderr in done.stderr) == (1, True), done


@pytest.mark.parametrize("program", [HONEST[0], HONEST[3]], ids=lambda program: program.name)
def test_it_has_to_be_asked_for(sandbox: Sandbox, program: Program) -> None:
    needed(program)
    strict = ROOMY.model_copy(update={"address_bytes": None})
    assert sandbox.run(program.argv, files=program.files, limits=strict).exit != 0


def test_one_process_of_python_has_the_same_walls(sandbox: Sandbox) -> None:
    roomy = Limits(seconds=30, cpu_seconds=20, memory_bytes=128 * MiB, address_bytes=16 * 1024 * MiB)
    reserved = "import mmap; x = mmap.mmap(-1, 2**32); len(x)"
    assert sandbox.run(reserved, limits=roomy).value == str(2**32)
    assert sandbox.run(reserved).reason == "memory"
    held = "print('before', flush=True)\nx = []\nwhile True: x.append(b'y' * 2**20)"
    done = sandbox.run(held, limits=roomy)
    assert (done.stdout, done.reason) == ("before\n", "memory")


def test_the_passwords_of_a_jvm_stay_closed(sandbox: Sandbox) -> None:
    kept = [str(path) for path in Path("/etc").glob("java-*/management/*")]
    if not kept:
        pytest.skip("no JVM of Debian's is installed on this machine")
    done = sandbox.run(f"for name in {kept}:\n    try: open(name).read()\n    except OSError: print('closed')")
    assert done.stdout == "closed\n" * len(kept)
