"""A plugin with a program of its own; test_program.py asks it."""
