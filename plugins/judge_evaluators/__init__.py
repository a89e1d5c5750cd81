"""The built-in evaluators, one a module; each is found through its entry point, like everybody else's."""
