"""Child processes of ours, which can be killed at a deadline."""
