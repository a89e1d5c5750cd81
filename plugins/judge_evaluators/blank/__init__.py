"""A response that says nothing."""
