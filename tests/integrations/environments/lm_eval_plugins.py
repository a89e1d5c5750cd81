"""Uses the entry points of the coming plugin groups as the harness will, and prints what they do; for test_lm_eval.py.

0.4.13 does not look for entry points itself, but its registries take them.
"""

import json
from importlib.metadata import entry_points

import lm_eval
from datasets import Dataset
from lm_eval.api.model import LM
from lm_eval.api.registry import aggregation_registry, filter_registry, get_aggregation, get_filter
from lm_eval.api.task import ConfigurableTask


class Says(LM):
    """Answers each request with the next text."""

    texts = ("The answer is 0.5.", "The answer is 3.")

    def generate_until(self, requests: list, disable_tqdm: bool = False) -> list[str]:
        return list(self.texts[: len(requests)])

    def loglikelihood(self, requests: list) -> list:
        raise NotImplementedError

    loglikelihood_rolling = loglikelihood


def ours(group: str) -> dict:
    return {entry.name: entry for entry in entry_points(group=group) if entry.dist and entry.dist.name == "equijudge"}


filter_registry.register("equijudge", target=ours("lm_eval.filters")["equijudge"])
aggregation_registry.register("mean_of_decided", target=ours("lm_eval.aggregations")["mean_of_decided"])
ours("lm_eval.metrics")["equijudge"].load()  # which registers it
docs = [{"question": "Half?", "answer": "1/2"}, {"question": "Four?", "answer": "4"}]
judged = get_filter("equijudge")(reference="answer").apply([[text] for text in Says.texts], docs)
task = ConfigurableTask(
    config={
        "task": "metric",
        "custom_dataset": lambda **_: {"test": Dataset.from_list(docs)},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "question",
        "doc_to_target": "answer",
        "generation_kwargs": {"until": ["\n"]},
        "metric_list": [{"metric": "equijudge"}, {"metric": "exact_match"}],
    }
)
found = lm_eval.evaluate(lm=Says(), task_dict={"metric": task}, bootstrap_iters=0)["results"]["metric"]
print(
    json.dumps(
        {
            "filter": [json.loads(verdicts[0])["label"] for verdicts in judged],
            "aggregation": get_aggregation("mean_of_decided")([1.0, None, 0.0]),
            "metric": {name: found[name] for name in ("equijudge,none", "exact_match,none")},
        }
    )
)
