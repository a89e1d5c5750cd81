"""What several evaluators or kinds need."""
