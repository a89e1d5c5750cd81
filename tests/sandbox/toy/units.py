"""One module beside the package, which needs it."""

UNIT = "apples"
