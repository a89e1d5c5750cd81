"""Short free-text answers: the normalisations of QA contests and a small classifier that was learned from people."""

from judge_evaluators.short_text.evaluator import ShortText
from judge_evaluators.short_text.model import probability

__all__ = ["ShortText", "probability"]
