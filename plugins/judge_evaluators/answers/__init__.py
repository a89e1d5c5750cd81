"""Answers: what a text says (`parse`), and whether two say the same (`compare`)."""
