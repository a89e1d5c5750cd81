"""For lm-evaluation-harness: ``judge.integrations.lm_eval.JudgeFilter`` and what makes figures of its verdicts."""

from judge.integrations.lm_eval.filter import JudgeFilter, mean_of_decided, process_results

__all__ = ["JudgeFilter", "mean_of_decided", "process_results"]
