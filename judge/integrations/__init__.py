"""Where people already work: test runners, evaluation harnesses and trainers, each in words of its own."""
