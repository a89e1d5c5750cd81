"""What takes more than it may is ended, the answer says by which limit, and what was printed before is kept."""

from __future__ import annotations

import pytest
from exhausting import EXCESSES, SMALL, Excess

from judge.sandbox import Limits, MiB, Sandbox

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones


@pytest.mark.sampled(4)
@pytest.mark.parametrize("excess", EXCESSES, ids=lambda excess: excess.name)
def test_it_is_ended_and_says_why(sandbox: Sandbox, excess: Excess) -> None:
    done = sandbox.run(f"print('before', flush=True)\n{excess.code}", limits=excess.limits)
    assert done.stdout.startswith("before\n")
    assert done.reason in (excess.reasons or (None,)), done
    assert done.reason is not None or done.exit == 1, done
    assert len(done.stdout) <= excess.limits.output_bytes
    assert sandbox.run("6 * 7").value == "42"


def test_control_the_same_limits_let_honest_code_through(sandbox: Sandbox) -> None:
    code = "open('x', 'w').write('y' * 10**6); x = bytes(10**7); print('z' * 1000); len(x)"
    done = sandbox.run(code, limits=SMALL)
    assert (done.reason, done.exit, done.value) == (None, 0, "10000000")


def test_an_error_that_is_caught_is_no_reason(sandbox: Sandbox) -> None:
    done = sandbox.run("try: [0] * 10**10\nexcept MemoryError: print('caught')", limits=SMALL)
    assert (done.stdout, done.reason, done.exit) == ("caught\n", None, 0)


@pytest.mark.sampled(4)
def test_programs_have_the_same_limits(sandbox: Sandbox) -> None:
    several = SMALL.model_copy(update={"processes": 8})
    short = several.model_copy(update={"seconds": 0.5})
    busy = several.model_copy(update={"cpu_seconds": 0.3})
    for command, limits, reason in (
        ("sleep 60", short, "time"),
        ("sleep 60 & wait", short, "time"),
        ("while :; do :; done", busy, "cpu"),
        ("yes", several, "output"),
        (":() { : | : & }; : ; for i in $(seq 50); do sleep 9 & done; wait", several, "processes"),
        ("kill -9 $$; sleep 60", short, None),
    ):
        done = sandbox.run(["bash", "-c", command], limits=limits)
        if reason is not None:
            assert done.reason == reason, (command, done)
    done = sandbox.run(["bash", "-c", "head -c 100M /dev/zero > file; ls"], limits=several)
    assert done.exit in (0, None)
    assert done.reason in (None, "disk")


def test_a_program_that_leaves_a_child_does_not_keep_us(sandbox: Sandbox) -> None:
    limits = Limits(processes=8, seconds=30)
    done = sandbox.run(["bash", "-c", "sleep 25 & echo left"], limits=limits)
    assert done.stdout == "left\n"
    assert done.exit == 0
    assert done.seconds < 20  # not a measure of speed: the child sleeps longer


def test_a_short_run_reports_little_and_a_large_one_much(sandbox: Sandbox) -> None:
    small = sandbox.run("1").peak_bytes
    large = sandbox.run("x = b'y' * (200 * 2**20)").peak_bytes
    assert small < 128 * MiB < large - small + 1 * MiB
