"""The kind ``answer``: find the answer in a response, read both sides as typed values, compare them by type."""
