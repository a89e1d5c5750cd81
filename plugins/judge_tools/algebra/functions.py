"""Functions by name: their base, their exponent, and the argument, in brackets or without."""

from __future__ import annotations

from judge import ToolError
from judge_tools.algebra.cursor import Reader
from judge_tools.algebra.names import ALIASES, FUNCTIONS, GREEK, INVERTED
from judge_tools.algebra.tree import ONE, Node

TEN = Node("num", text="10")
TWO = Node("num", text="2")


class Functions(Reader):
    """Reads functions; what stands in their brackets is left to the subclass."""

    def clause(self) -> Node:
        """Read a sum or a relation of sums."""
        raise NotImplementedError

    def power(self) -> Node:
        """Read a base with its exponent."""
        raise NotImplementedError

    def exponent(self) -> Node:
        """Read what follows `^`."""
        raise NotImplementedError

    def starts_factor(self) -> bool:
        """Whether a factor without a sign before it begins here."""
        raise NotImplementedError

    def at_differential(self) -> bool:
        """Whether `dx` stands here, and an integral waits for it."""
        raise NotImplementedError

    def command(self, name: str) -> Node:
        """Read a command of LaTeX that is no function, constant or letter; its token was taken."""
        raise NotImplementedError

    def atom(self) -> Node:
        """Read one number, name, command or bracket."""
        raise NotImplementedError

    def argument(self) -> Node:
        """Read an argument of a command."""
        raise NotImplementedError

    def arguments(self) -> tuple[Node, ...]:
        """Read arguments in round brackets."""
        self.need("(")
        self.deeper()
        bars, self.cursor.bars = self.cursor.bars, 0
        found = [self.clause()]
        while self.take(","):
            if self.peek().text == ")":
                break
            found.append(self.clause())
        self.cursor.bars = bars
        self.need(")")
        self.cursor.level -= 1
        return tuple(found)

    def function(self, name: str) -> Node:
        """Read base, exponent and argument of a function; its token was taken."""
        bare = name in ("log", "Log")
        name = ALIASES.get(name, name)
        if name == "sqrt":
            return self.command("sqrt") if self.peek().text in ("[", "{") else self._plain_root()
        base = TWO if name == "log2" else TEN if name == "log10" else None
        if bare and self.peek().text in ("2", "10") and self.peek(1).text == "(" and not self.peek().spaced:
            base = TWO if self.peek().text == "2" else TEN
            self.cursor.at += 1
        name = "log" if base is not None else name
        exponent: Node | None = None
        for _ in range(2):
            if base is None and name == "log" and self.take("_"):
                base = self.argument() if self.peek().kind != "num" else self._whole_number()
            elif exponent is None and self.take("^"):
                exponent = self.exponent()
        args = self._arguments_of(name)
        if bare and base is None and len(args) == 1:
            self.cursor.doubts.add("log10")
            base = TEN if self.cursor.reading.log10 else None
        return self._applied(name, args if base is None else (*args, base), exponent)

    def _whole_number(self) -> Node:
        self.cursor.at += 1
        return Node("num", text=self.peek(-1).text)

    def _plain_root(self) -> Node:
        exponent = self.exponent() if self.take("^") else None
        args = self.arguments() if self.peek().text == "(" else (self.argument(),)
        return self._applied("sqrt", args, exponent)

    def _arguments_of(self, name: str) -> tuple[Node, ...]:
        if self.peek().text == "(":
            return self.arguments()
        if self.peek().kind == "open" or self.peek().text == "|":
            return (self.argument() if self.peek().text != "|" else self.atom(),)
        if name in ("det", "max", "min", "gcd", "lcm") and self.peek().kind != "begin":
            raise self.unexpected(f"{name} takes its arguments in round brackets")
        self.deeper()
        found = self._bare_argument()
        self.cursor.level -= 1
        return (found,)

    def _applied(self, name: str, args: tuple[Node, ...], exponent: Node | None) -> Node:
        arity = FUNCTIONS[name]
        if len(args) < arity.low or (arity.high is not None and len(args) > arity.high):
            wanted = str(arity.low) if arity.low == arity.high else f"{arity.low} or more"
            raise ToolError(f"position {self.peek(-1).at}: {name} takes {wanted} arguments, not {len(args)}")
        if exponent == Node("neg", (ONE,)):
            if name not in INVERTED:
                raise ToolError(f"position {self.peek(-1).at}: write 1/{name}(…) or the inverse function by its name")
            return Node("fn", args, "a" + name)
        node = Node("fn", args, name)
        return node if exponent is None else Node("pow", (node, exponent))

    def _bare_argument(self) -> Node:
        """Read what follows `sin` without brackets: the factors up to a sign or the next function."""
        sign = self.take("-")
        factors = [self.power()]
        while self._continues_bare():
            factors.append(self.power())
        if self.peek().text == "/":
            self.cursor.doubts.add("tight")
            if self.cursor.reading.tight:
                self.cursor.at += 1
                factors.append(Node("inv", (self.power(),)))
        node = factors[0] if len(factors) == 1 else Node("mul", tuple(factors))
        return Node("neg", (node,)) if sign else node

    def _continues_bare(self) -> bool:
        token = self.peek()
        name = token.text.lstrip("\\")
        if token.kind in ("open", "num") or not self.starts_factor() or self.at_differential():
            return False
        return (token.kind == "cmd" and name in GREEK) or not (name in FUNCTIONS or name in ALIASES)
