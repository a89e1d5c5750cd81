"""For promptfoo: ``from judge.integrations.promptfoo import get_assert``, and next to nothing else is imported."""

from judge.integrations.promptfoo.assertion import get_assert

__all__ = ["get_assert"]
