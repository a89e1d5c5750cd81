"""A text as a typed value: numbers, formulas, quantities, collections, words."""
