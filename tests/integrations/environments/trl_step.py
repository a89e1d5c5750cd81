"""Trains a tiny random model for two steps with TRL and prints what our rewards paid; for test_rewards_trainers.py.

The trainer that docs/training.md shows is made as well.
"""

import json
import re
import sys
from pathlib import Path

from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM
from trl import GRPOConfig, GRPOTrainer

from judge.integrations.rewards import AnswerReward, AsyncAnswerReward, Payoff

WORDS = ["<pad>", "<eos>", "<unk>", "1", "2", "3", "or"]
splitter = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="<unk>"))
splitter.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=splitter, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")
size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
model = Qwen2ForCausalLM(
    Qwen2Config(vocab_size=len(WORDS), num_key_value_heads=2, pad_token_id=0, eos_token_id=1, **size)
)
seen: list[list] = []


def watch(prompts: list, completions: list, solution: list, **columns: object) -> list[float]:
    """Pay nothing, and keep what the others were asked."""
    seen.extend(map(list, zip(prompts, completions, solution, strict=True)))
    return [0.0] * len(completions)


rows = [{"prompt": "1 2 3", "solution": "2"}, {"prompt": "3 2 1", "solution": None}] * 2
reward = AnswerReward("solution", payoff=Payoff(correct=1.0, incorrect=-1.0, undecided=None))
dataset = Dataset.from_list(rows)
args = GRPOConfig(
    output_dir=sys.argv[1],
    per_device_train_batch_size=16,
    num_generations=8,
    max_completion_length=2,
    max_steps=2,
    logging_steps=1,
    report_to="none",
    save_strategy="no",
    use_cpu=True,
    bf16=False,
    gradient_checkpointing=False,
    disable_tqdm=True,
    shuffle_dataset=False,
    seed=1,
)
exec(re.search(r"```py\n(.*?)```", Path(sys.argv[2]).read_text(encoding="utf-8"), re.DOTALL)[1])
shown = trainer.reward_func_names  # noqa: F821 - the trainer of the page
trainer = GRPOTrainer(
    model=model,
    processing_class=tokenizer,
    reward_funcs=[reward, AsyncAnswerReward(reward), watch],
    train_dataset=dataset,
    args=args,
)
trainer.train()
print(json.dumps({"shown": shown, "seen": seen, "logged": trainer.state.log_history}))
