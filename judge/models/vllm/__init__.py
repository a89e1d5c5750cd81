"""vLLM in this process: one engine that every vote, case and turn shares."""
