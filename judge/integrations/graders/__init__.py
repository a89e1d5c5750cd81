"""Graders in OpenAI's file format, run here: what a program decides by evaluators, what a model decides by a panel.

>>> grader = '{"type": "string_check", "operation": "eq", "input": "{{sample.output_text}}", "reference": "4"}'
>>> [row.score for row in grade(read_text(grader), [{"sample": "4"}, {"sample": "5"}])]
[1.0, 0.0]
"""

from judge.integrations.graders.figures import Figures, figures
from judge.integrations.graders.files import read, read_text
from judge.integrations.graders.grading import Grade, Part, grade, unheard
from judge.integrations.graders.rows import read_rows

__all__ = ["Figures", "Grade", "Part", "figures", "grade", "read", "read_rows", "read_text", "unheard"]
