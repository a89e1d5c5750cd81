"""``python -m judge.cli``: the same as the command ``judge``."""

from judge.cli import main

main()
