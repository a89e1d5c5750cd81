"""The built-in tools, one a module; each is found through its entry point, like everybody else's."""
