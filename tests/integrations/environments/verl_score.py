"""Scores a batch with verl's reward managers and in Ray's workers and prints the scores; for test_rewards_trainers.py.

The configuration is that of docs/training.md.
"""

import asyncio
import json
import re
import sys
from pathlib import Path

import numpy
import ray
import torch
from omegaconf import OmegaConf
from tensordict import TensorDict
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from verl import DataProto
from verl.trainer.ppo.reward import get_custom_reward_fn, load_reward_manager
from verl.workers.reward_manager import BatchRewardManager

from judge.integrations.rewards import AnswerReward, compute_score

SAID = ["3", "4", "3 or 4"]
WORDS = ["<pad>", "<unk>", "or", "3", "4"]
tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
words = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>")


def config(name: str) -> OmegaConf:
    page = Path(sys.argv[1]).read_text(encoding="utf-8")
    shown = OmegaConf.create(re.search(r"```yaml\n(.*?)```", page, re.DOTALL)[1])
    assert shown.reward.custom_reward_function.name == "compute_score"
    changed = {
        "custom_reward_function": {"name": name, "reward_kwargs": {"incorrect": -1.0}},
        "reward_manager": {"source": "register", "name": "naive"},
    }
    return OmegaConf.merge(shown, {"reward": changed})


def batch() -> DataProto:
    responses = words(SAID, padding=True, padding_side="right", return_tensors="pt")
    prompts = torch.full((len(SAID), 2), 1)
    tensors = {
        "prompts": prompts,
        "responses": responses["input_ids"],
        "input_ids": torch.cat([prompts, responses["input_ids"]], dim=1),
        "attention_mask": torch.cat([torch.ones_like(prompts), responses["attention_mask"]], dim=1),
    }
    rows = {
        "reward_model": [{"ground_truth": "3"} for _ in SAID],
        "data_source": ["numbers"] * len(SAID),
        "extra_info": [{"index": place} for place in range(len(SAID))],
    }
    return DataProto.from_dict(
        tensors=dict(TensorDict(tensors, batch_size=len(SAID))), non_tensors={k: _array(v) for k, v in rows.items()}
    )


def _array(values: list) -> object:
    array = numpy.empty(len(values), dtype=object)
    array[:] = values
    return array


async def one_by_one() -> list[dict]:
    manager = load_reward_manager(config("compute_score"), words)
    return await asyncio.gather(*(manager.run_single(batch()[place : place + 1]) for place in range(len(SAID))))


@ray.remote
def in_a_task(reward: AnswerReward) -> list[float | None]:
    return reward(["?"] * 100, ["3", "4"] * 50, answer=["3"] * 100)


@ray.remote(max_concurrency=4)
class InAnActor:
    def score(self, said: str) -> float:
        return compute_score("numbers", said, "3")["score"]


single = [row["reward_score"] for row in asyncio.run(one_by_one())]
manager = BatchRewardManager(words, num_examine=0, compute_score=get_custom_reward_fn(config("compute_score_batch")))
together = manager(batch(), return_dict=True)
ray.init(num_cpus=2, include_dashboard=False, configure_logging=False)
actor = InAnActor.remote()
task = ray.get([in_a_task.remote(AnswerReward(workers=2)) for _ in range(2)])
scored = ray.get([actor.score.remote(said) for said in SAID * 3])
ray.shutdown()
print(
    json.dumps(
        {
            "single": single,
            "batch": together["reward_tensor"].sum(dim=1).tolist(),
            "acc": together["reward_extra_info"]["acc"],
            "tasks": [row[:2] for row in task],
            "actor": scored,
        }
    )
)
