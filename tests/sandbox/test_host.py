"""The program that uses the sandbox may have threads, an event loop or forks, and may be killed; so may the zygote."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from processes import PATIENCE_S, alive, descendants, ticks, until

from judge.errors import SandboxError
from judge.sandbox import Limits, Sandbox, outer, shared, stopping_at


def script(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, text=True)


def test_threads_share_a_sandbox(sandbox: Sandbox) -> None:
    limits = Limits(seconds=60)  # threads wait for a processor, not only for each other

    def ask(number: int) -> None:
        with sandbox.session(limits=limits) as session:
            first = session.run(f"x = {number}")
            other = sandbox.run(f"print({number}); {number} * 2", limits=limits)
            last = session.run("x")
        assert (other.value, last.value) == (str(number * 2), str(number)), (first, other, last)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(40)))


def test_an_event_loop_may_hand_it_to_threads(strongest: Sandbox) -> None:
    async def ask() -> list[str | None]:
        runs = (asyncio.to_thread(strongest.run, f"{number} + 1") for number in range(12))
        return [done.value for done in await asyncio.gather(*runs)]

    assert asyncio.run(ask()) == [str(number + 1) for number in range(12)]


def test_the_thread_that_made_it_may_end() -> None:
    made: list[Sandbox] = []
    maker = threading.Thread(target=lambda: made.append(Sandbox(size=1)))
    maker.start()
    maker.join()
    with made[0] as sandbox:
        assert sandbox.run("1").value == "1"
        time.sleep(0.2)
        assert sandbox.run("2").value == "2"


@pytest.mark.exhaustive
def test_a_fork_of_the_host_makes_its_own() -> None:
    code = """
import multiprocessing, threading
from judge.sandbox import Sandbox, shared

def child(connection, session):
    try: session.run("1")
    except Exception as error: message = str(error)
    connection.send((shared().run("6 * 7").value, sandbox.run("6 * 8").value, message))

sandbox = Sandbox(size=1)
with sandbox.session() as session:
    session.run("x = 5")
    shared().run("1")
    busy = threading.Thread(target=sandbox.run, args=("import time; time.sleep(.5)",))
    busy.start()  # so that locks are held while the process forks
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=child, args=(theirs, session))
    process.start()
    print(ours.recv())
    process.join()
    busy.join()
    print(process.exitcode, session.run("x").value, sandbox.run("3").value, shared().run("4").value)
"""
    process = script(code)
    output, _ = process.communicate(timeout=120)
    said = "('42', '48', 'the session is over: it was opened before this process was forked')"
    assert output == f"{said}\n0 5 3 4\n"


def test_spawned_processes_have_their_own(strongest: Sandbox) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_in_another_process, ("5 * 5",)) == "25"


def _in_another_process(code: str) -> str | None:
    return shared().run(code).value


@pytest.mark.exhaustive
@pytest.mark.parametrize("tier", ["full", "restricted"])
def test_killing_the_host_ends_everything(tier: str) -> None:
    code = """
import sys, threading
from judge.sandbox import Limits, Sandbox
sandbox = Sandbox(size=2, tier=sys.argv[1])
session = sandbox.session(limits=Limits(seconds=600))
session.run("1")
print("ready", flush=True)
code = "import os, time\\nfor _ in range(3):\\n    if os.fork() == 0: time.sleep(600)\\ntime.sleep(600)"
sandbox.run(code, limits=Limits(seconds=600, processes=8))
"""
    process = script(code, tier)
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        process.wait(PATIENCE_S)
        pytest.skip(f"this machine cannot do the tier {tier!r}")
    assert until(lambda: len(descendants(process.pid)) >= 6)
    below = descendants(process.pid)
    process.kill()
    process.wait(PATIENCE_S)
    process.stdout.close()
    assert until(lambda: not alive(below)), alive(below)


@pytest.mark.exhaustive
def test_a_killed_zygote_is_replaced(sandbox: Sandbox) -> None:
    with Sandbox(size=2, tier=sandbox.tier) as own:
        session = own.session()
        session.run("x = 1")
        in_flight: list[str | None] = []
        waiting = threading.Thread(
            target=lambda: in_flight.append(own.run("import time; time.sleep(60)", limits=Limits(seconds=120)).reason)
        )
        waiting.start()
        pool = own._pool
        assert until(lambda: bool(pool._zygote._taken))
        time.sleep(0.2)  # until the job has started; sooner it would only be refused sooner
        started, bases = pool._zygote._process.pid, [pool._zygote._base]
        below = descendants(started)
        children = Path(f"/proc/{started}/task/{started}/children").read_text(encoding="ascii").split()
        zygote = int(children[0]) if sandbox.tier == "full" else started  # below bubblewrap, or what was started itself
        os.kill(zygote, signal.SIGKILL)
        waiting.join(PATIENCE_S)
        assert until(lambda: not alive(below)), alive(below)
        assert in_flight == ["crash"]
        assert session.run("x").reason == "crash"
        assert own.run("6 * 7").value == "42"
        bases.append(pool._zygote._base)
    assert not any(base and Path(base).exists() for base in bases)


def test_a_run_can_be_taken_back(sandbox: Sandbox) -> None:
    stop = threading.Event()

    def run() -> None:
        with stopping_at(stop):
            sandbox.run("while True: pass", limits=Limits(seconds=600, cpu_seconds=600))

    def busy() -> set[int]:
        return {pid for pid in descendants(os.getpid()) if ticks(pid) > before.get(pid, 0) + 20}

    assert sandbox.run("'it has started'").exit == 0
    before = {pid: ticks(pid) for pid in descendants(os.getpid())}
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run)
        assert until(lambda: bool(busy()))
        runner = busy()
        stop.set()
        for refused in (running, threads.submit(run)):  # the second is not even begun
            with pytest.raises(SandboxError, match="stopped by whoever started it"):
                refused.result(PATIENCE_S)
    assert until(lambda: not alive(runner))
    assert sandbox.run("6 * 7").value == "42"


def test_a_closed_sandbox_says_so() -> None:
    sandbox = Sandbox(size=1)
    below = descendants(os.getpid())
    sandbox.close()
    sandbox.close()
    with pytest.raises(SandboxError, match="closed"):
        sandbox.run("1")
    assert until(lambda: sandbox._pool._zygote._process.pid not in descendants(os.getpid())), below


def test_the_shared_one_is_one() -> None:
    with ThreadPoolExecutor(8) as threads:
        assert len({id(one) for one in threads.map(lambda _: shared(), range(8))}) == 1


@pytest.mark.exhaustive
def test_without_any_wall_it_refuses_and_unsafe_must_be_asked_for() -> None:
    code = """
from judge.errors import SandboxError
from judge.sandbox import Sandbox, allow_unsafe, shared
from judge.sandbox.inside import kernel, seccomp
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
seccomp.install(seccomp.profile(processes=True, programs=True, mounts=True))  # no namespaces, no Landlock from here on
for tier in (None, "full", "restricted"):
    try:
        print(Sandbox(tier=tier).tier)
    except SandboxError as error:
        print("refused" if "cannot be isolated" in str(error) else error)
try:
    shared()
except SandboxError:
    print("refused")
allow_unsafe()
print(shared().tier, shared().probes, shared().run("1 + 1").value)
"""
    process = script(code)
    output, _ = process.communicate(timeout=120)
    assert output.splitlines() == ["refused"] * 4 + ["unsafe () 2"]


def test_where_user_namespaces_are_forbidden_it_falls_back(strongest: Sandbox) -> None:
    bubblewrap = next((way.command[0] for way in outer.ways("full")), None)
    if strongest.tier != "full" or bubblewrap is None:
        pytest.skip("needs a machine that can do the tier 'full'")
    code = "from judge.sandbox import Sandbox; s = Sandbox(); print(s.tier, s.run('6 * 7').value)"
    done = subprocess.run(
        [bubblewrap, "--unshare-user", "--disable-userns", "--dev-bind", "/", "/", sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "restricted 42\n", done.stderr


def test_the_self_test_is_reported(sandbox: Sandbox) -> None:
    assert len(sandbox.probes) >= 12
    assert all(probe.passed and probe.detail for probe in sandbox.probes)
    assert json.loads(sandbox.probes[0].model_dump_json())["name"] == sandbox.probes[0].name


def leaks() -> tuple[int, int, int]:
    """Descriptors, processes below, and folders in the place for temporary files."""
    folders = len(list(Path("/tmp").glob("judge-*/*"))) + len(list(Path("/tmp").glob("judge-*")))
    return len(list(Path("/proc/self/fd").iterdir())), len(descendants(os.getpid())), folders


def soak(sandbox: Sandbox, runs: int) -> None:
    several = Limits(processes=8, seconds=20)
    kinds: list[Callable[[], object]] = [
        lambda: sandbox.run("print(1); 2", files={"x": "y"}),
        lambda: sandbox.run("open('left', 'w').write('x' * 1000); 1 / 0"),
        lambda: sandbox.apply("def f(x): return x", [(1,), (2,)]),
        lambda: sandbox.run("import os\nif os.fork() == 0:\n    import time; time.sleep(60)", limits=several),
        lambda: sandbox.run("import os; os._exit(1)"),
        lambda: sandbox.run("import time; time.sleep(9)", limits=Limits(seconds=0.02)),
        lambda: sandbox.run(["bash", "-c", "sleep 60 & echo x"], limits=several),
        lambda: sandbox.run("import ctypes; ctypes.string_at(0)"),
        lambda: session_of(sandbox),
    ]
    with ThreadPoolExecutor(3) as threads:
        for done in threads.map(lambda number: kinds[number % len(kinds)](), range(runs)):
            assert done is not None


def session_of(sandbox: Sandbox) -> str | None:
    with sandbox.session() as session:
        session.run("x = 1")
        return session.run("x").value


def settled(sandbox: Sandbox, before: tuple[int, int, int]) -> bool:
    return until(lambda: all(now <= then for now, then in zip(leaks(), before, strict=True)))


@pytest.mark.exhaustive
def test_nothing_is_left_after_hundreds_of_runs(sandbox: Sandbox) -> None:
    soak(sandbox, 20)
    time.sleep(0.5)
    before = leaks()
    soak(sandbox, 270)
    assert settled(sandbox, before), (before, leaks())


@pytest.mark.soak
def test_nothing_is_left_after_ten_thousand_runs(sandbox: Sandbox) -> None:
    soak(sandbox, 20)
    time.sleep(0.5)
    before = leaks()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    soak(sandbox, 10_000)
    assert settled(sandbox, before), (before, leaks())
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < memory + 64 * 1024
