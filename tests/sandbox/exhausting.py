"""Code that takes more than it may, or stays longer; and which limit has to say so. Run by test_limits.py."""

from __future__ import annotations

from typing import NamedTuple

from judge.sandbox import Limits, MiB, Reason

SMALL = Limits(seconds=5, cpu_seconds=3, memory_bytes=64 * MiB, disk_bytes=4 * MiB, output_bytes=100_000, files=32)
SHORT = SMALL.model_copy(update={"seconds": 0.5})
LITTLE = SMALL.model_copy(update={"cpu_seconds": 0.3})
SEVERAL = SMALL.model_copy(update={"processes": 8})
FAMILY = SHORT.model_copy(update={"processes": 8})


class Excess(NamedTuple):
    name: str
    code: str
    limits: Limits
    reasons: tuple[Reason | None, ...]


_DEAF = """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
"""

EXCESSES = [
    # memory
    Excess("a large list", "[0] * 10**9", SMALL, ("memory",)),
    Excess("a growing list", "x = []\nwhile True: x.append(bytes(10**6))", SMALL, ("memory",)),
    Excess("a map", "import mmap; mmap.mmap(-1, 2**30).write(b'x')", SMALL, ("memory",)),
    Excess("an array", "import numpy; numpy.ones(10**9)", SMALL, ("memory",)),
    Excess("a text", "'x' * 10**10", SMALL, ("memory",)),
    Excess("a large integer", "x = 1 << 10**10", SMALL, ("memory",)),
    Excess("a memory file", "import os; os.memfd_create('x')", SMALL, ()),
    Excess(
        "shared memory",
        "from multiprocessing import shared_memory as s; s.SharedMemory(create=True, size=2**30)",
        SMALL,
        ("processes", None),  # its resource tracker is a process; without mounts the file already is refused
    ),
    Excess("a long pattern", "import re; re.compile('x' * 10**8)", LITTLE, ("cpu", "memory")),
    Excess(
        "children's memory together",
        "import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n"
        "        x = os.urandom(30 * 2**20); time.sleep(9)\ntime.sleep(9)",
        SEVERAL,
        ("memory",),
    ),
    Excess(
        "threads' memory",
        "import threading, time\nx = []\ndef grow():\n    x.append(bytes(2**25)); time.sleep(3)\n"
        "for _ in range(50): threading.Thread(target=grow, daemon=True).start()\nwhile True: x.append(bytes(10**6))",
        SMALL,
        ("memory", "processes"),
    ),
    # disk
    Excess("one large file", "with open('x', 'wb') as f:\n    while True: f.write(bytes(2**20))", SMALL, ("disk",)),
    Excess("a hole", "open('x', 'wb').truncate(2**40)", SMALL, ("disk",)),
    Excess(
        "an allocation",
        "import os; os.posix_fallocate(os.open('x', os.O_CREAT | os.O_RDWR), 0, 2**30)",
        SMALL,
        ("disk",),
    ),
    Excess(
        "many files",
        "import time\nfor i in range(100):\n    with open(f'{i}', 'wb') as f: f.write(bytes(2**20))\n"
        "    time.sleep(.01)",
        SMALL,
        ("disk",),
    ),
    # output
    Excess("a flood of output", "while True: print('x' * 1000)", SMALL, ("output",)),
    Excess("a flood of errors", "import sys\nwhile True: sys.stderr.write('x' * 1000)", SMALL, ("output",)),
    Excess("a flood by the descriptor", "import os\nwhile True: os.write(1, bytes(10**5))", SMALL, ("output",)),
    Excess("a long value", "'x' * 10**6", SMALL, ("output",)),
    Excess("a flood of frames", "import os\nwhile True: os.write(3, b'\\0\\0\\0\\2{}')", SMALL, ("output", "crash")),
    Excess("a frame without end", "import os\nos.write(3, b'\\xff' * 10**5)", SMALL, ("output",)),
    # descriptors, processes
    Excess("many descriptors", "x = [open('/dev/null') for _ in range(1000)]", SMALL, ("files",)),
    Excess("many pipes", "import os\nwhile True: os.pipe()", SMALL, ("files",)),
    Excess("one process", "import os; os.fork()", SMALL, ("processes",)),
    Excess("a program", "import subprocess; subprocess.run(['true'])", SMALL, ("processes",)),
    Excess(
        "many threads",
        "import threading, time\nthreading.stack_size(2**15)\n"
        "for _ in range(500): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\ntime.sleep(9)",
        SMALL,
        ("processes", "memory"),
    ),
    Excess(
        "a fork bomb",
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        SEVERAL,
        ("processes", "cpu"),
    ),
    Excess(
        "too many children",
        "import os, time\nfor _ in range(20):\n    if os.fork() == 0: time.sleep(9)\ntime.sleep(9)",
        SEVERAL,
        ("processes",),
    ),
    # time
    Excess("sleep", "import time; time.sleep(60)", SHORT, ("time",)),
    Excess("wait for input that never ends", "import os; r, w = os.pipe(); os.read(r, 1)", SHORT, ("time",)),
    Excess("a lock", "import threading; l = threading.Lock(); l.acquire(); l.acquire()", SHORT, ("time",)),
    Excess("a busy loop", "while True: pass", LITTLE, ("cpu",)),
    Excess(
        "a busy thread",
        "import threading\nt = threading.Thread(target=lambda: all(True for _ in iter(int, 1))); t.start()",
        LITTLE,
        ("cpu",),
    ),
    Excess("one long operation", "x = 3 ** 10**8", LITTLE, ("cpu",)),
    Excess("digits of a large integer", "str(7 ** 10**6)", LITTLE, ("cpu",)),
    Excess("a pattern that backtracks", "import re; re.match('(a+)+$', 'a' * 40 + 'b')", LITTLE, ("cpu",)),
    Excess("a factorial in sympy", "import sympy; sympy.factorial(10**8)", LITTLE, ("cpu", "memory")),
    Excess("deaf to signals and busy", _DEAF + "while True: pass", LITTLE, ("cpu",)),
    Excess("deaf to signals and asleep", _DEAF + "import time; time.sleep(60)", SHORT, ("time",)),
    Excess(
        "stopped",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP); import time; time.sleep(60)",
        SHORT,
        ("time",),
    ),
    Excess(
        "blocked signals",
        "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); signal.sigwait([])",
        SHORT,
        ("time",),
    ),
    Excess(
        "an exception that is swallowed",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        LITTLE,
        ("cpu",),
    ),
    Excess(
        "a thread that is left",
        "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()",
        SHORT,
        ("time",),
    ),
    Excess("an exit that waits", "import atexit, time; atexit.register(time.sleep, 60)", SHORT, ("time",)),
    Excess(
        "a destructor that waits", "import time\nclass C:\n    def __del__(self): time.sleep(60)\nC()", SHORT, ("time",)
    ),
    Excess(
        "an object whose repr waits",
        "import time\nclass C:\n    def __repr__(self): time.sleep(60)\nC()",
        SHORT,
        ("time",),
    ),
    Excess(
        "a child that holds the pipes",
        "import os, time\nif os.fork() == 0:\n    if os.fork() == 0: time.sleep(60)\n    os._exit(0)\ntime.sleep(60)",
        FAMILY,
        ("time",),
    ),
    Excess(
        "children's time together",
        "import os\nfor _ in range(3): os.fork()\nwhile True: pass",
        SEVERAL.model_copy(update={"cpu_seconds": 0.4}),
        ("cpu",),
    ),
    # the end
    Excess("a segmentation fault", "import ctypes; ctypes.string_at(0)", SMALL, ("crash",)),
    Excess("an abort", "import os; os.abort()", SMALL, ("crash",)),
    Excess(
        "killed by itself",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL); import time; time.sleep(60)",
        SHORT,
        ("crash", "time"),
    ),
    Excess("the socket closed", "import os; os.close(3)", SMALL, ()),
    Excess("deep recursion in C", "x = []\nfor _ in range(10**5): x = [x]\nrepr(x)", SMALL, ()),
]
