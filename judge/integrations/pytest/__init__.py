"""The pytest plugin: assertions on answers, recorded once and replayed."""
