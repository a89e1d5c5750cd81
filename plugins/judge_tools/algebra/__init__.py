"""``sympy``: algebra for a judge. Text becomes a tree by a parser of ours; sympy sees it only inside the sandbox."""

from judge_tools.algebra.tool import Sympy

__all__ = ["Sympy"]
