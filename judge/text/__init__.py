"""Text that came in: cleaned, fenced for a prompt, searched for a vote, shown on a terminal."""
