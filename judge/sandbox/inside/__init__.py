"""The part of the sandbox that runs behind the walls. Standard library only, and only relative imports.

Its sources are sent to the zygote over a socket, so that no checkout has to be visible there; the modules `wire` and
`plain` are used on both sides. `answering` travels with each program of ours, into its slot.
"""
