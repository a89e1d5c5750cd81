"""The run file: what was judged, kept so that it can be continued and computed again."""
