"""Where the answer stands in a response, and what the question and the reference want it to be."""
