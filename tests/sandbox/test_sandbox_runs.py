"""What honest code can do inside, what an answer says, and that nothing of one run is seen by another."""

from __future__ import annotations

from pathlib import Path

import pytest

from judge.errors import SandboxError
from judge.sandbox import Limits, Sandbox

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones

HONEST = {
    "arithmetic": ("sum(i * i for i in range(10))", "285"),
    "large integers": ("len(str(2 ** 20000))", "6021"),
    "decimals": ("from decimal import Decimal as D; D('0.1') + D('0.2')", "Decimal('0.3')"),
    "numpy": (
        "import numpy as np; np.linalg.solve(np.array([[2.0, 0], [0, 4]]), np.array([2.0, 4])).tolist()",
        "[1.0, 1.0]",
    ),
    "numpy's random numbers": ("import numpy as np; np.random.default_rng(3).integers(100)", "np.int64(81)"),
    "sympy": ("import sympy; x = sympy.Symbol('x'); sympy.integrate(x * sympy.exp(x), x)", "(x - 1)*exp(x)"),
    "json": ("import json; json.loads(json.dumps({'a': [1, None]}))", "{'a': [1, None]}"),
    "patterns": ("import re; re.findall(r'\\d+', 'a1b22')", "['1', '22']"),
    "files": (
        "from pathlib import Path\nPath('d').mkdir()\nPath('d/x').write_text('y')\nPath('d/x').rename('z')\n"
        "open('z').read()",
        "'y'",
    ),
    "temporary files": (
        "import tempfile\nwith tempfile.NamedTemporaryFile('w+') as f:\n    f.write('x'); f.seek(0); r = f.read()\nr",
        "'x'",
    ),
    "csv": ("import csv, io; list(csv.DictReader(io.StringIO('a,b\\n1,2')))", "[{'a': '1', 'b': '2'}]"),
    "sqlite": (
        "import sqlite3\nc = sqlite3.connect('x.db')\n"
        "c.execute('create table t (a)')\nc.execute('insert into t values (3)')\n"
        "c.commit()\nc.execute('select a * 2 from t').fetchall()",
        "[(6,)]",
    ),
    "dates": ("import datetime; str(datetime.date(2024, 2, 28) + datetime.timedelta(2))", "'2024-03-01'"),
    "time zones": (
        "import datetime, zoneinfo; str(datetime.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo('UTC')))",
        "'2024-07-01 00:00:00+00:00'",
    ),
    "random numbers": ("import random; random.seed(1); random.randrange(1000)", "137"),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor as P\n"
        "with P(4) as p: r = list(p.map(lambda x: x + 1, range(3)))\nr",
        "[1, 2, 3]",
    ),
    "asyncio": ("import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 5\nasyncio.run(f())", "5"),
    "classes": (
        "import dataclasses, pickle\n@dataclasses.dataclass\nclass P:\n    x: int\npickle.loads(pickle.dumps(P(3)))",
        "P(x=3)",
    ),
    "statistics": ("import statistics; statistics.median([3, 1, 2])", "2"),
    "duckdb": ("import duckdb; duckdb.sql('select 6 * 7, sum(range) from range(9)').fetchall()", "[(42, 36)]"),
    "compression": ("import gzip; gzip.decompress(gzip.compress(b'x'))", "b'x'"),
    "ctypes": ("import ctypes; ctypes.CDLL(None).abs(-3)", "3"),
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_code_works(sandbox: Sandbox, name: str) -> None:
    code, value = HONEST[name]
    done = sandbox.run(code)
    assert (done.value, done.error, done.reason, done.exit) == (value, None, None, 0)


def test_programs_work_where_processes_are_allowed(sandbox: Sandbox) -> None:
    limits = Limits(processes=16, cpu_seconds=20, seconds=60)
    for command, output in (
        ("echo $((6 * 7)) | tr 4 5", "52\n"),
        ("seq 3 | sort -r | head -1; (echo x >&2) 2>&1", "3\nx\n"),
        ("printf 'a\\nb\\n' > f; grep -c . f; wc -l < f; cp f g; cat g; awk '{print NR}' g", "2\n2\na\nb\n1\n2\n"),
        ("python3 -c 'import numpy; print(numpy.arange(3).sum())'", "3\n"),
        ("cat given/x.txt -", "filestdin"),
    ):
        done = sandbox.run(["bash", "-c", command], files={"given/x.txt": "file"}, stdin="stdin", limits=limits)
        assert (done.stdout, done.exit) == (output, 0), done
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(5)'], capture_output=True).stdout"
    assert sandbox.run(code, limits=limits).value == "b'5\\n'"
    pool = "import multiprocessing as m\nwith m.Pool(2) as p: r = p.map(abs, [-1, 2])\nr"
    if sandbox.tier == "full":  # its locks are files in /dev/shm, where without mounts nobody may write
        assert sandbox.run(pool, limits=limits).value == "[1, 2]"


def test_an_answer_has_everything(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"\0\xff")
    code = (
        "import sys\nprint('out'); print('err', file=sys.stderr)\n"
        "sys.stdin.read() + open('a/b').read(), open('c', 'rb').read(), open('d', 'rb').read()"
    )
    done = sandbox.run(code, files={"a/b": "é", "c": b"\0", "d": path}, stdin="in")
    assert (done.stdout, done.stderr, done.exit, done.reason) == ("out\n", "err\n", 0, None)
    assert done.value == repr(("iné", b"\0", b"\0\xff"))
    assert done.peak_bytes > 0


def test_errors_show_the_frames_of_the_snippet_only(sandbox: Sandbox) -> None:
    done = sandbox.run("import json\ndef f():\n    return json.loads('{')\nf()")
    assert done.exit == 1
    assert done.error is not None
    assert done.error.startswith('Traceback (most recent call last):\n  File "<snippet>", line 4, in <module>\n    f()')
    assert "decoder.py" not in done.error
    assert "_inside" not in done.error
    assert done.error.splitlines()[-1].startswith("json.decoder.JSONDecodeError: Expecting")
    assert (sandbox.run("def f(:").error or "").splitlines()[-1] == "SyntaxError: invalid syntax"


@pytest.mark.parametrize(
    ("code", "exit_status"),
    [
        ("", 0),
        ("import sys; sys.exit()", 0),
        ("import sys; sys.exit(3)", 3),
        ("raise SystemExit('bad')", 1),
        ("1/0", 1),
    ],
)
def test_exit_status_of_code(sandbox: Sandbox, code: str, exit_status: int) -> None:
    assert sandbox.run(code).exit == exit_status


def test_exit_status_of_programs(sandbox: Sandbox) -> None:
    limits = Limits(processes=4)
    assert sandbox.run(["bash", "-c", "exit 7"], limits=limits).exit == 7
    assert sandbox.run(["true"]).exit == 0
    missing = sandbox.run(["no-such-program-anywhere"], limits=limits)
    assert (missing.exit, missing.stderr) == (127, "no-such-program-anywhere: No such file or directory\n")


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "", "a\0b"])
def test_files_stay_in_the_folder(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(ValueError, match="relative path"):
        sandbox.run("1", files={name: "x"})


def test_files_are_bounded_and_programs_are_texts(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="more than disk_bytes"):
        sandbox.run("1", files={"x": bytes(2 * 2**20)}, limits=Limits(disk_bytes=2**20))
    for argv in ([], [b"x"], ["a\0b"]):
        with pytest.raises(TypeError):
            sandbox.run(argv)  # type: ignore[arg-type]


LEAVES = {
    "a file": ("open('left', 'w').write('x')", "import os; os.listdir('.')", "[]"),
    "a file in the temporary folder": (
        "import tempfile; tempfile.NamedTemporaryFile(delete=False)",
        "import os, tempfile; os.listdir(tempfile.gettempdir())",
        "[]",
    ),
    "a name": ("left = 1", "'left' in globals()", "False"),
    "an attribute of a module": (
        "import json; json.left = 1; json.dumps = None",
        "import json; json.dumps(1), hasattr(json, 'left')",
        "('1', False)",
    ),
    "a module": ("import sys; sys.modules['left'] = sys", "import sys; 'left' in sys.modules", "False"),
    "a builtin": ("import builtins; builtins.len = None", "len([1])", "1"),
    "the environment": ("import os; os.environ['LEFT'] = 'x'", "import os; os.environ.get('LEFT')", None),
    "the folder": (
        "import os; os.mkdir('d'); os.chdir('d')",
        "import os; os.path.basename(os.getcwd()) == 'd'",
        "False",
    ),
    "a limit": ("import sys; sys.setrecursionlimit(50)", "import sys; sys.getrecursionlimit() > 50", "True"),
    "a signal handler": (
        "import signal; signal.signal(10, signal.SIG_IGN)",
        "import signal; signal.getsignal(10).name",
        "'SIG_DFL'",
    ),
    "a thread": (
        "import threading, time; threading.Thread(target=time.sleep, args=(30,), daemon=True).start()",
        "import threading; threading.active_count()",
        "1",
    ),
    "shared memory": (
        "import os\ntry: os.open('/dev/shm/left', os.O_CREAT | os.O_RDWR)\nexcept OSError: pass",
        "import os; os.path.exists('/dev/shm/left')",
        "False",
    ),
}


@pytest.mark.parametrize("what", LEAVES)
def test_nothing_is_left_for_the_next_run(sandbox: Sandbox, what: str) -> None:
    leave, find, clean = LEAVES[what]
    for _ in range(3):  # so that each slot that was ready had a predecessor
        left = sandbox.run(leave)
        assert left.error is None, left
        assert sandbox.run(find).value == clean


def test_each_run_draws_numbers_of_its_own(sandbox: Sandbox) -> None:
    code = "import os, random, numpy, uuid; random.random(), numpy.random.random(), uuid.uuid4(), os.urandom(4)"
    drawn = [sandbox.run(code).value for _ in range(8)]
    parts = zip(*(str(text).split(", ") for text in drawn), strict=True)
    assert all(len(set(part)) == 8 for part in parts)


@pytest.mark.exhaustive
def test_sets_print_in_the_same_order_in_every_sandbox(sandbox: Sandbox) -> None:
    code = "{'a', 'b', 'c', 'd', 'e', 'f'}"
    with Sandbox(size=1, tier=sandbox.tier) as other:
        assert sandbox.run(code).value == other.run(code).value


def test_a_session_keeps_names_and_files(sandbox: Sandbox) -> None:
    with sandbox.session(files={"x": "given"}) as session:
        assert session.run("a = open('x').read(); print(a)").stdout == "given\n"
        assert session.run("def f(): return a * 2").value is None
        failed = session.run("f()\n1/0")
        assert (failed.exit, failed.reason) == (1, None)
        assert session.run("open('y', 'w').write(f()); f()").value == "'givengiven'"
        assert session.run("open('y').read()").value == "'givengiven'"
    assert sandbox.run("'a' in globals()").value == "False"


@pytest.mark.exhaustive
def test_limits_hold_for_each_run_of_a_session(sandbox: Sandbox) -> None:
    limits = Limits(seconds=20, cpu_seconds=1.0)
    with sandbox.session(limits=limits) as session:
        for _ in range(4):  # together more than the limit
            done = session.run("import time\nend = time.process_time() + .4\nwhile time.process_time() < end: pass")
            assert done.reason is None
        assert session.run("while True: pass").reason == "cpu"
        with pytest.raises(SandboxError, match="ended by a limit: cpu"):
            session.run("1")


def test_a_session_ends_with_its_process_or_when_closed(sandbox: Sandbox) -> None:
    with sandbox.session() as session:
        assert session.run("import os; os._exit(5)").exit == 5
        with pytest.raises(SandboxError, match="ended the process"):
            session.run("1")
    session = sandbox.session()
    session.run("1")
    session.close()
    with pytest.raises(SandboxError, match="closed"):
        session.run("1")


def test_many_sessions_wait_without_keeping_others_out(sandbox: Sandbox) -> None:
    sessions = [sandbox.session() for _ in range(8)]  # more than run at a time
    try:
        for number, session in enumerate(sessions):
            session.run(f"x = {number}")
        assert sandbox.run("'free'").value == "'free'"
        assert [session.run("x").value for session in sessions] == [str(number) for number in range(8)]
    finally:
        for session in sessions:
            session.close()
