"""The half that runs in the sandbox."""

FIRST = 1
