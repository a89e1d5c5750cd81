"""Nothing is lost to kill -9, and nothing is judged twice: a thousand kills at random moments, each run to its end."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

KILLING = Path(__file__).with_name("killing.py")


@pytest.mark.kill
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_run_that_is_killed_a_thousand_times_is_the_run_that_never_was(tmp_path: Path) -> None:
    processes = []
    for half in ("one", "two"):
        folder = tmp_path / half
        folder.mkdir()
        seed = random.SystemRandom().randrange(10**6)  # the suite's own random numbers are the same for both
        command = [sys.executable, str(KILLING), str(folder), "--kills", "500", "--seed", str(seed)]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    try:
        results = [(*process.communicate(timeout=900), process.returncode) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    for said, complained, code in results:
        print(said, complained)
        assert code == 0, complained
    found = [json.loads(said) for said, _, _ in results]
    assert sum(half["kills"] for half in found) == 1000
    assert all(half["runs"] >= 20 for half in found)
    assert all(len(half["verdicts_left"]) >= 5 for half in found)  # the moments were not all the same
