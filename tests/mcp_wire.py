"""``judge mcp`` spoken to line by line, for what no well-behaved client does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

COMMAND = [sys.executable, "-m", "judge.cli", "mcp"]
DEADLINE = 60


class Wire:
    """A running server. What it writes to stdout is read as JSON and nothing else."""

    def __init__(self, command: list[str], **options: Any) -> None:
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        )
        self._number = 0

    def ask(self, method: str, **params: Any) -> Any:
        """Send a request and return its answer; answers to others that come before it are errors of the test."""
        number = self.send(method, **params)
        answer = self.read()
        assert answer["id"] == number, answer
        return answer.get("result", answer.get("error"))

    def send(self, method: str, **params: Any) -> int:
        self._number += 1
        self.write(json.dumps({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}))
        return self._number

    def write(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def read(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, self.process.stderr and self.process.stderr.read().decode()
        return json.loads(line)

    def hello(self) -> Any:
        """Shake hands as clients did before 2026, and most do still."""
        client = {"name": "test", "version": "0"}
        said = self.ask("initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo=client)
        self.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}')
        return said

    def call(self, name: str, **arguments: Any) -> tuple[bool, str]:
        """Call a tool and return whether it failed, and its text."""
        result = self.ask("tools/call", name=name, arguments=arguments)
        return result["isError"], result["content"][0]["text"]

    def end(self) -> tuple[int, bytes, bytes]:
        """Close the input and return the exit code and what was written since."""
        out, err = self.process.communicate(timeout=DEADLINE)
        return self.process.returncode, out, err


@contextmanager
def wire(command: list[str] = COMMAND, *, environ: Mapping[str, str] | None = None, **options: Any) -> Iterator[Wire]:
    made = Wire(command, env={**os.environ, "PYTHONWARNINGS": "error", **(environ or {})}, **options)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.communicate(timeout=DEADLINE)
