"""What a red team broke, and how it is now: each was an attack that reached the host, its clock or its disk."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from judge.sandbox import Limits, MiB, Sandbox
from judge.sandbox.inside import folders
from judge.sandbox.inside.plain import NotPlain, decode, encode

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones

RAISERS = {
    "an exception whose text raises": (
        "class E(RuntimeError):\n    def __str__(self): raise ValueError\nraise E()",
        "E",
    ),
    "an error number that cannot be hashed": ('raise OSError([1], "x")', "OSError"),
    "a closed stream": ('import sys; sys.stderr.close(); sys.exit("bye")', "SystemExit"),
    "an exit whose code raises": (
        "class E(SystemExit): code = property(lambda s: 1/0)\nraise E()",
        "E",
    ),
    "a class that hides its name": (
        "class M(type):\n    def __getattribute__(self, name): raise KeyError(name)\n"
        "class E(RuntimeError, metaclass=M):\n    __class__ = property(lambda s: 1/0)\n"
        "    def __str__(self): raise ValueError\nraise E()",
        "E",
    ),
}
FORGED = """
import os
for answer in (b'{"broken":"hi"}', b'{"walled":true,"broken":"hi"}'):
    os.write(3, len(answer).to_bytes(4, "big") + answer)
"""


@pytest.mark.parametrize("name", RAISERS)
def test_what_is_raised_is_the_runs_own_error(sandbox: Sandbox, name: str) -> None:
    code, expected = RAISERS[name]
    done = sandbox.run(code)
    assert (done.exit, done.reason) == (1, None)
    assert (done.error or "").splitlines()[-1].startswith(expected)
    (result,) = sandbox.apply(f"def f():\n    exec({code!r}, {{'__name__': 'x'}})", [()])
    assert (result.error or "").startswith(expected)


def test_an_exit_status_that_raises_is_still_a_number(sandbox: Sandbox) -> None:
    done = sandbox.run("import sys\nclass I(int):\n    def __bool__(self): raise ValueError\nsys.exit(I(7))")
    assert (done.exit, done.error) == (7, None)


def test_only_a_slot_without_code_can_say_that_it_is_broken(sandbox: Sandbox) -> None:
    assert sandbox.run(FORGED).reason == "crash"
    (result,) = sandbox.apply(f"{FORGED}\ndef f(): return 1", [()])
    assert result.error
    with sandbox.session() as session:
        assert session.run("1").value == "1"
        assert session.run(FORGED).value is None


def colliding(count: int) -> list[int]:
    """Return numbers that all visit the same places of a table, each with a hash of its own."""
    places = 2**18
    draw = random.Random(0)
    return sorted({draw.randrange(2**40) * places for _ in range(count)})


@pytest.mark.exhaustive
def test_a_flood_of_chosen_hashes_is_refused_before_a_table_is_made() -> None:
    flood = [{"i": f"{number:x}"} for number in colliding(157_000)]
    for data in (
        {"s": flood},
        {"d": [[key, None] for key in flood]},
        {"s": [{"t": [key, "text"]} for key in flood]},
        {"l": [{"s": flood[start : start + 5_000]} for start in range(0, 30_000, 5_000)]},
        {"s": [{"z": [key]} for key in flood[:8_000]]},
    ):
        with pytest.raises(NotPlain, match="too many keys"):
            decode(data)


@pytest.mark.exhaustive
def test_honest_tables_pass() -> None:
    numbers = {number: -number for number in range(10_000)}
    texts = {f"{number}": number for number in range(50_000)}
    assert decode(encode(numbers)) == numbers
    assert decode(encode([texts, set(range(10_000))])) == [texts, set(range(10_000))]


@pytest.mark.exhaustive
def test_folders_too_deep_to_be_named_do_not_break_the_sandbox(sandbox: Sandbox) -> None:
    dig = "import os, time\nfor i in range(3000): os.mkdir('d'); os.chdir('d'); open('f', 'w').close()\n"
    for code in (dig, dig + "time.sleep(60)"):
        done = sandbox.run(code, limits=Limits(seconds=20))
        assert done.reason in (None, "disk", "time")
        assert sandbox.run("import os; os.listdir()").value == "[]"


@pytest.mark.exhaustive
def test_deleting_takes_everything_and_follows_nothing(tmp_path: Path) -> None:
    outside, box = tmp_path / "outside", tmp_path / "box"
    outside.mkdir()
    (outside / "kept").write_text("kept", encoding="ascii")
    digging = "import os\nfor i in range(3000): os.mkdir('d'); os.chdir('d'); os.symlink('..', 'up')"
    (box / "closed" / "inner").mkdir(parents=True)
    for link in (box / "link", box / "closed" / "link", box / "closed" / "inner" / "link"):
        link.symlink_to(outside)
    (box / "closed" / "inner").chmod(0)
    (box / "closed").chmod(0)
    subprocess.run([sys.executable, "-c", digging], cwd=box, check=True, timeout=60)
    folders.delete(str(box))
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert (outside / "kept").read_text(encoding="ascii") == "kept"
    assert outside.stat().st_mode & 0o777


CROWDED = """
import contextlib, os, resource, sys
from judge.errors import SandboxError
from judge.sandbox import Sandbox
with Sandbox(size=1) as sandbox:
    assert sandbox.run("1").value == "1"
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    opened, problems = [], []
    for _ in range(4):
        with contextlib.suppress(OSError):
            while True:  # again: a run that ends lets go of some
                opened.append(os.open(os.devnull, os.O_RDONLY))
        try:
            sandbox.run("1")
        except SandboxError as error:
            problems.append(str(error))
    print(any("files open" in problem for problem in problems))
    for descriptor in opened:
        os.close(descriptor)
    for _ in range(4):
        with contextlib.suppress(SandboxError):
            print(sandbox.run("6 * 7").value)
            break
"""


def test_a_host_without_descriptors_says_so_and_recovers() -> None:
    done = subprocess.run([sys.executable, "-c", CROWDED], capture_output=True, text=True, timeout=50, check=False)
    assert done.stdout.split() == ["True", "42"], done.stderr


def test_no_lease_keeps_the_host_from_a_file(sandbox: Sandbox) -> None:
    code = """
        import fcntl
        file = open("file", "w+")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        flags = fcntl.fcntl(file, fcntl.F_GETFL)
        refused = []
        for command, value in ((8, 1), (10, 12), (15, bytes(8)), (1024, fcntl.F_WRLCK), (1026, 1)):
            try:
                fcntl.fcntl(file, command, value)
            except PermissionError:
                refused.append(command)
        refused
    """
    lines = "\n".join(line[8:] for line in code.splitlines())
    assert sandbox.run(lines).value == "[8, 10, 15, 1024, 1026]"


FILLERS = {
    "many empty files": "for i in range(40_000): open(str(i), 'w').close()",
    "deep folders": "for i in range(40_000): os.mkdir('d'); os.chdir('d')",
    "files without a name": """
kept = []
for i in range(40):
    kept.append(open('file', 'wb')); kept[-1].write(bytes(2**20)); kept[-1].flush(); os.unlink('file')""",
}


@pytest.mark.parametrize("name", FILLERS)
def test_the_disk_is_bounded_whatever_fills_it(sandbox: Sandbox, name: str) -> None:
    code = f"import os, time\n{FILLERS[name]}\ntime.sleep(60)"
    done = sandbox.run(code, limits=Limits(disk_bytes=8 * MiB, seconds=40, cpu_seconds=30))
    # a tmpfs counts bytes, and its entries by a limit of its own
    assert done.reason == "disk" or sandbox.tier == "full", done


def test_a_flood_of_answers_costs_no_more_than_its_limit(sandbox: Sandbox) -> None:
    code = "def f(x): return 'y' * 30_000"
    results = sandbox.apply(code, [(1,)] * 200, limits=Limits(output_bytes=1000))
    assert results[-1].reason == "output"
    assert len(sandbox.apply(code, [(1,)] * 200)) == 200


@pytest.mark.parametrize("name", ["seconds", "cpu_seconds"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), 1e7, 0.0])
def test_a_time_is_a_time(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate({name: value})


@pytest.mark.parametrize("name", ["memory_bytes", "disk_bytes", "output_bytes", "processes", "files"])
def test_what_the_kernel_cannot_take_is_no_limit(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(ValidationError):
        Limits.model_validate({name: 2**64})
    largest = {"memory_bytes": 2**46, "disk_bytes": 2**46, "output_bytes": 2**31, "processes": 2**22, "files": 2**20}
    assert sandbox.run("1", limits=Limits.model_validate({name: largest[name]})).value == "1"


def test_no_output_means_no_traceback_either(sandbox: Sandbox) -> None:
    assert sandbox.run("1/0", limits=Limits(output_bytes=0)).error == ""


@pytest.mark.exhaustive
def test_texts_can_be_stored(sandbox: Sandbox) -> None:
    code = "class R:\n    def __repr__(self): return '\\ud800'\n"
    assert sandbox.run(f"{code}R()").value == "?"
    assert (sandbox.run("raise ValueError('\\ud800')").error or "").endswith("ValueError: ?")
    (result,) = sandbox.apply("def f(): raise ValueError('\\ud800')", [()])
    assert (result.error or "").endswith("ValueError: ?")
