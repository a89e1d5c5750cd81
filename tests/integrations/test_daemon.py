"""A daemon that real processes ask: one for all of them, replaced when it dies, gone when nobody needs it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import await_end, lives

TESTS = Path(__file__).parent
DEADLINE = 60
CLIENT = """
import json, sys
from judge.processes.child import Gone
from judge.integrations.promptfoo.daemon import ask
from judge.errors import ConfigError
module, request, asker = json.loads(sys.argv[1])
try:
    print(json.dumps(ask(module, request, asker=asker)))
except (Gone, ConfigError) as error:
    print(json.dumps(f"{type(error).__name__}: {error}"))
"""


class Place:
    """A folder for sockets, from which everything that was started there is ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sockets = folder / f"judge-{os.getuid()}"
        self.seen: set[int] = set()

    def start(
        self, request: Any, *, asker: int | None = None, module: str = "daemon_program", **environ: str
    ) -> subprocess.Popen[str]:
        words = json.dumps([module, request, asker or os.getpid()])
        environment = {**os.environ, "TMPDIR": str(self.folder), "PYTHONPATH": str(TESTS), **environ}
        command = [sys.executable, "-c", CLIENT, words]
        return subprocess.Popen(command, env=environment, cwd=self.folder, text=True, stdout=subprocess.PIPE)

    def finish(self, client: subprocess.Popen[str]) -> Any:
        said = json.loads(client.communicate(timeout=DEADLINE)[0])
        if isinstance(said, int):
            self.seen.add(said)
        return said

    def ask(self, request: Any = None, **further: Any) -> Any:
        return self.finish(self.start(request, **further))


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("d"))  # a short name, since the path of a socket has to be short
    yield place
    for process in place.seen:
        if lives(process):
            os.kill(process, signal.SIGKILL)


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """Another program that asks, and can be ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_many_that_ask_at_once_start_one_and_share_it(place: Place) -> None:
    clients = [place.start(None) for _ in range(8)]
    first = {place.finish(client) for client in clients}
    assert len(first) == 1
    assert place.ask() in first


def test_another_environment_has_another_daemon(place: Place) -> None:
    assert place.ask(OPENAI_API_KEY="one") != place.ask(OPENAI_API_KEY="two")


def test_one_that_was_killed_is_replaced(place: Place) -> None:
    killed = place.ask()
    os.kill(killed, signal.SIGKILL)
    await_end(killed)
    assert lives(place.ask())
    assert place.ask() != killed


def test_one_that_dies_before_it_answers_is_asked_again_once(place: Place) -> None:
    before = place.ask()
    assert place.ask({"die once": str(place.folder / "mark")}) != before
    assert place.ask("die") == "Gone: its daemon died twice: it was killed"
    assert isinstance(place.ask(), int)


def test_one_that_cannot_start_says_why(place: Place) -> None:
    said = place.ask(module="daemon_of_nobody")
    assert said.startswith("Gone: its daemon died twice:")
    assert "No module named daemon_of_nobody" in said


def test_a_request_that_raises_says_so_and_does_not_end_it(place: Place) -> None:
    before = place.ask()
    assert place.ask("raise") == "Gone: its daemon failed: ValueError: it was told to"
    assert place.ask() == before


def test_one_that_asked_and_was_killed_does_not_end_it(place: Place) -> None:
    before, mark = place.ask(), place.folder / "mark"
    ask_and_leave(place, mark)
    mark.write_bytes(b"")
    assert place.ask() == before


@pytest.mark.exhaustive
def test_work_for_a_program_that_is_gone_is_left(place: Place, other: subprocess.Popen[bytes]) -> None:
    process = place.ask(asker=other.pid)
    ask_and_leave(place, place.folder / "mark", asker=other.pid)
    other.kill()
    other.wait()
    await_end(process)


def ask_and_leave(place: Place, mark: Path, **further: Any) -> None:
    client = place.start({"wait for": str(mark)}, **further)
    end = time.monotonic() + DEADLINE
    while not mark.exists():
        assert time.monotonic() < end, "the request did not arrive"
        time.sleep(0.01)
    client.kill()
    client.communicate(timeout=DEADLINE)


@pytest.mark.exhaustive
def test_it_ends_with_the_program_that_asked_and_leaves_nothing(place: Place, other: subprocess.Popen[bytes]) -> None:
    process = place.ask(asker=other.pid)
    other.kill()
    other.wait()
    await_end(process)
    assert [path.name for path in place.sockets.iterdir()] == ["lock"]
    assert (place.folder / "closed").exists()
    assert place.ask() != process


def test_it_ends_when_nobody_asks_for_a_while(place: Place) -> None:
    await_end(place.ask(IDLE_S="0.1"))
    assert [path.name for path in place.sockets.iterdir()] == ["lock"]


def test_it_is_reachable_for_its_user_alone(place: Place) -> None:
    place.ask()
    assert place.sockets.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("way", ["open", "link", "file"])
def test_a_folder_that_others_may_have_made_is_refused(place: Place, way: str) -> None:
    if way == "open":
        place.sockets.mkdir(mode=0o755)
    elif way == "link":
        (place.folder / "own").mkdir(mode=0o700)
        place.sockets.symlink_to("own")
    else:
        place.sockets.touch(mode=0o600)
    said = place.ask()
    assert (
        said
        == f"ConfigError: folder {str(place.sockets)!r} has to be yours alone, with mode 700: remove it, or set TMPDIR"
    )


def test_a_path_that_is_too_long_for_a_socket_says_so(place: Place) -> None:
    long = place.folder / ("long" * 30)
    long.mkdir()
    said = place.ask(TMPDIR=str(long))
    assert said.startswith("ConfigError: no socket can be at")
    assert "set TMPDIR" in said
