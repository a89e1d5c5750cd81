"""What the evaluator ``blank`` knows: phrases that announce an answer, and what marks and emptiness are called."""
