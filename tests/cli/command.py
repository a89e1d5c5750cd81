"""The real program, run in a folder of its own."""

import contextlib
import io
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from judge.cli import main

PROGRAM = [sys.executable, "-m", "judge.cli"]


class Ran(NamedTuple):
    """What a command did: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment in which nothing of the machine's own is set for `judge`.

    Only the two simplest evaluators are asked, so that what these tests show does not change with every new one.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUDGE_", "OPENAI_"))}
    return {**kept, "NO_COLOR": "1", "JUDGE_EVALUATORS": "exact,number", **(more or {})}


def judge(*words: object, cwd: Path, stdin: str | bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
    """Run ``judge WORDS`` in a folder."""
    done = subprocess.run(
        [*PROGRAM, *map(str, words)],
        cwd=cwd,
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        env=environment(env),
        timeout=60,
        check=False,
    )
    ran = Ran(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert "Traceback" not in ran.err, ran.err
    return ran


@contextlib.contextmanager
def _simplest() -> Iterator[None]:
    """The environment of the other functions, as far as this process needs it."""
    before = os.environ.get("JUDGE_EVALUATORS")
    os.environ["JUDGE_EVALUATORS"] = "exact,number"
    try:
        yield
    finally:
        os.environ.pop("JUDGE_EVALUATORS")
        if before is not None:
            os.environ["JUDGE_EVALUATORS"] = before


def quick(*words: object, cwd: Path) -> Ran:
    """Run ``judge WORDS`` in this process: a third of a second less, for what needs no process of its own."""
    out, err, code = io.StringIO(), io.StringIO(), None
    with contextlib.chdir(cwd), _simplest(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main([str(word) for word in words])
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int)
    return Ran(code, out.getvalue(), err.getvalue())


def again(command: str, *, cwd: Path) -> Ran:
    """Run a command that the program told its user to run."""
    name, *words = shlex.split(command)
    assert name == "judge"
    return judge(*words, cwd=cwd)


def started(*words: object, cwd: Path) -> subprocess.Popen[str]:
    """Start ``judge WORDS`` and do not wait for it."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def write(folder: Path, name: str, *rows: object) -> str:
    """Write a file of JSON lines, or of one text, and return its name."""
    text = "".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows)
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return name


def right(name: str, **fields: Any) -> dict[str, Any]:
    """Return a case that the evaluators decide."""
    return {"id": name, "response": "0.5", "reference": "1/2", **fields}


def hard(name: str, **fields: Any) -> dict[str, Any]:
    """Return a case that no evaluator decides."""
    return {"id": name, "response": "about a half", "reference": "1/2", **fields}
