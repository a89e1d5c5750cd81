"""The collector's tuning: in one place, and whatever ends a command, the collector is on again."""

import gc
from pathlib import Path

import pytest

import judge
from judge.cli import main
from judge.errors import ConfigError
from judge.processes.collector import loading


def test_loading_is_not_looked_through_and_what_it_made_stays() -> None:
    before = gc.get_freeze_count()
    with loading():
        assert not gc.isenabled()
        made = [[n] for n in range(1000)]
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before + len(made)
    assert gc.get_threshold() == (20_000, 20, 20)


def test_loading_that_fails_leaves_the_collector_on() -> None:
    with pytest.raises(ConfigError), loading():
        raise ConfigError("no")
    assert gc.isenabled()


def test_a_command_that_fails_leaves_the_collector_on(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["run", str(tmp_path / "gone.jsonl")])
    assert gc.isenabled()


def test_nothing_else_tunes_it() -> None:
    home = Path(judge.__file__).parent
    tuning = ("gc.freeze", "gc.disable", "gc.set_threshold")
    found = {
        str(path.relative_to(home))
        for path in home.rglob("*.py")
        if any(word in path.read_text(encoding="utf-8") for word in tuning)
    }
    # What runs inside the sandbox imports nothing of ours.
    assert found == {"processes/collector.py", "sandbox/inside/zygote.py"}
