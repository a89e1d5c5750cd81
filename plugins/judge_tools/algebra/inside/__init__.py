"""What runs inside the sandbox: builds sympy's objects from a tree of plain data, and works with them.

These modules are sent into the sandbox as source. They are the only ones that import sympy, see no text but numbers and
names from the parser's closed lists, and give no string to sympy but the name of a symbol.
"""
