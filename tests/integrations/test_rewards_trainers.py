"""TRL and verl themselves, each in an environment of its own: what they pay for is what was verified."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from environments.make import environment

from judge.integrations.rewards import AnswerReward, Payoff

pytestmark = pytest.mark.frameworks

PAGE = str(Path(__file__).parent.parent.parent / "docs" / "training.md")
SCRIPTS = Path(__file__).parent / "environments"
DEADLINE = 600


def printed(name: str, script: str, *words: str, folder: Path) -> Any:
    """Run a script in an environment and return the JSON that it printed last."""
    environ = {**os.environ, "HF_HUB_OFFLINE": "1", "RAY_USAGE_STATS_ENABLED": "0", "WANDB_MODE": "disabled"}
    done = subprocess.run(
        [str(environment(name) / "python"), str(SCRIPTS / script), *words], cwd=folder, env=environ, text=True,
        timeout=DEADLINE, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_trl_trains_on_what_was_verified(tmp_path: Path) -> None:
    found = printed("trl", "trl_step.py", str(tmp_path / "out"), PAGE, folder=tmp_path)
    assert found["shown"] == ["AnswerReward"]
    steps = [entry for entry in found["logged"] if "rewards/AnswerReward/mean" in entry]
    assert len(steps) == 2
    reward = AnswerReward(payoff=Payoff(correct=1.0, incorrect=-1.0, undecided=None))
    for number, logged in enumerate(steps):
        prompts, said, right = zip(*found["seen"][16 * number : 16 * (number + 1)], strict=True)
        paid = [value for value in reward(prompts, said, answer=right) if value is not None]
        assert right.count(None) == 8  # to these the reward does not apply
        assert logged["rewards/AnswerReward/mean"] == pytest.approx(sum(paid) / len(paid))
        assert logged["rewards/AsyncAnswerReward/mean"] == pytest.approx(logged["rewards/AnswerReward/mean"])
        assert logged["judge/undecided"] == pytest.approx(1 - len(paid) / 8)


def test_verl_scores_one_by_one_in_batches_and_in_rays_workers(tmp_path: Path) -> None:
    assert printed("verl", "verl_score.py", PAGE, folder=tmp_path) == {
        "single": [1.0, -1.0, -0.1],
        "batch": pytest.approx([1.0, -1.0, -0.1]),
        "acc": [1.0, 0.0, 0.0],
        "tasks": [[1.0, 0.0], [1.0, 0.0]],
        "actor": [1.0, 0.0, 0.0] * 3,
    }
