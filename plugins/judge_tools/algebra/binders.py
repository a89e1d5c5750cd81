"""What binds a variable (integrals, sums, limits, derivatives), and the other commands and classes with arguments."""

from __future__ import annotations

from judge import ToolError
from judge_tools.algebra.atoms import Atoms
from judge_tools.algebra.constructors import constructed
from judge_tools.algebra.cursor import Integral
from judge_tools.algebra.names import GREEK, MATRICES
from judge_tools.algebra.tokens import Token
from judge_tools.algebra.tree import ONE, Node


class Binders(Atoms):
    """Reads commands of LaTeX and classes of sympy; sums and products are left to the subclass."""

    def product(self) -> Node:
        """Read factors."""
        raise NotImplementedError

    def command(self, name: str) -> Node:
        """Read the arguments of a command."""
        if name in ("frac", "dfrac", "tfrac", "cfrac"):
            if (variable := self._derivation()) is not None:
                return self._derivative(*variable)
            top = self.argument()
            return Node("mul", (top, Node("inv", (self.argument(),))))
        if name in ("binom", "dbinom", "tbinom"):
            top = self.argument()
            return Node("fn", (top, self.argument()), "binomial")
        if name == "sqrt":
            return self._root()
        if name == "int":
            return self._integral()
        if name in ("sum", "prod"):
            return self._series(name)
        if name == "lim":
            return self._limit()
        if name.startswith("begin "):
            return self._matrix(name.removeprefix("begin "))
        if name in ("emptyset", "varnothing"):
            return Node("set")
        self.cursor.at -= 1
        raise self.unexpected(r"a command such as \frac, \sqrt, \sin, \int, \sum, \pi was expected")

    def _root(self) -> Node:
        index: Node | None = None
        if self.peek().text == "[":
            index = _only(self.group(), at=self.peek().at)
        body = self.argument()
        return Node("fn", (body,), "sqrt") if index is None else Node("fn", (body, index), "root")

    def ended(self) -> bool:
        """Whether the integral that is read here has found its differential."""
        integrals = self.cursor.integrals
        return bool(integrals) and integrals[-1].variable is not None and integrals[-1].level == self.cursor.level

    def at_differential(self) -> bool:
        """Whether `dx` stands here, and an integral waits for it."""
        token, following = self.peek(), self.peek(1)
        if not self.cursor.integrals or token.kind != "word" or token.text[0] != "d":
            return False
        if self.cursor.integrals[-1].variable is not None:
            return False
        return _is_letter(token.text[1:]) or (token.text == "d" and _is_symbol(following))

    def differential(self) -> Node | None:
        """Read `dx` where an integral waits for it; it counts as a factor of 1."""
        if not self.at_differential():
            return None
        name = self.peek().text[1:]
        self.cursor.at += 1
        if not name:
            name = self.peek().text.lstrip("\\")
            self.cursor.at += 1
        if self.peek().text == "_":  # dx_1
            self.cursor.at += 1
            name += "_" + self._subscript()
        self.cursor.integrals[-1].variable = Node("sym", text=name)
        return ONE

    def _integral(self) -> Node:
        low, high = self._bounds()
        self.cursor.integrals.append(Integral(self.cursor.level + 1))
        body = self.sum()
        variable = self.cursor.integrals.pop().variable
        if variable is None:
            raise self.unexpected("an integral ends with its differential, such as dx")
        if low is None or high is None:
            return Node("int", (body, variable))
        return Node("int", (body, variable, low, high))

    def _bounds(self) -> tuple[Node | None, Node | None]:
        low: Node | None = None
        high: Node | None = None
        for _ in range(2):
            if low is None and self.take("_"):
                low = self._bound()
            elif high is None and self.take("^"):
                high = self._bound()
        if (low is None) != (high is None):
            raise self.unexpected("both bounds, _ and ^, were expected")
        return low, high

    def _bound(self) -> Node:
        negative = self.take("-")
        node = self.group() if self.peek().text == "{" else self.atom()
        return Node("neg", (node,)) if negative else node

    def _series(self, name: str) -> Node:
        self.need("_")
        self.need("{")
        variable = self._bind()
        self.need("=")
        low = self.sum()
        self.need("}")
        self.need("^")
        high = self._bound()
        body = self._body(variable)
        return Node(name, (body, variable, low, high))

    def _limit(self) -> Node:
        self.need("_")
        self.need("{")
        variable = self._bind()
        self.need("→")
        point, side = self._approached()
        body = self._body(variable)
        return Node("lim", (body, variable, point), side)

    def _approached(self) -> tuple[Node, str]:
        """Read `0`, `0^+` or `0^{-}` up to the brace that closes it."""
        tokens, end = self.cursor.tokens, self.cursor.at
        depth = 0
        while end < len(tokens) and (depth or tokens[end].text != "}"):
            depth += (tokens[end].text == "{") - (tokens[end].text == "}")
            end += 1
        tail = [token.text for token in tokens[max(self.cursor.at, end - 4) : end] if token.text not in "{}"]
        side = tail[-1] if tail[-2:-1] == ["^"] and tail[-1] in ("+", "-") else ""
        if not side:
            point = self.sum()
            self.need("}")
            return point, ""
        cut = max(n for n in range(self.cursor.at, end) if tokens[n].text == "^")
        self.cursor.tokens = (*tokens[:cut], *tokens[end:])
        point = self.sum()
        self.need("}")
        return point, side

    def _bind(self) -> Node:
        token = self.peek()
        if not _is_symbol(token):
            raise self.unexpected("a variable")
        self.cursor.at += 1
        node = self._indexed(token.text.lstrip("\\"))
        self.cursor.bound.append(node.text)
        return node

    def _body(self, variable: Node) -> Node:
        self.deeper()
        node = self.product()
        self.cursor.level -= 1
        self.cursor.bound.remove(variable.text)
        return node

    def _derivation(self) -> tuple[Node, int] | None:
        r"""Read what follows `\frac` in d/dx, with the order; None where something else follows."""
        start = self.cursor.at
        order = self._order_of(("d", r"\partial"))
        variable: Node | None = None
        if order is not None and self.take("{"):
            token = self.peek()
            if token.kind == "word" and token.text[0] == "d" and _is_letter(token.text[1:]):
                variable = Node("sym", text=token.text[1:])
                self.cursor.at += 1
            elif self.take("d", r"\partial") and _is_symbol(self.peek()):
                variable = Node("sym", text=self.peek().text.lstrip("\\"))
                self.cursor.at += 1
            again = self._power_of() if self.take("^") else 1
            if variable is not None and again == order and self.take("}"):
                return variable, order
        self.cursor.at = start
        return None

    def _order_of(self, names: tuple[str, ...]) -> int | None:
        if not (self.take("{") and self.take(*names)):
            return None
        order = self._power_of() if self.take("^") else 1
        return order if self.take("}") else None

    def _power_of(self) -> int | None:
        braced = self.take("{")
        text = self.peek().text
        self.cursor.at += 1
        if not text.isdigit() or len(text) > 2 or (braced and not self.take("}")):
            return None
        return int(text)

    def _derivative(self, variable: Node, order: int) -> Node:
        self.deeper()
        node = self.product()
        self.cursor.level -= 1
        return Node("diff", (node, variable), str(order))

    def _matrix(self, environment: str) -> Node:
        if environment not in MATRICES and environment != "vmatrix":
            self.cursor.at -= 1
            raise self.unexpected("of the environments only matrices are read")
        self.deeper()
        rows: list[Node] = []
        cells: list[Node] = []
        while self.peek().kind != "end":
            cells.append(self.sum())
            if self.take("&"):
                continue
            rows.append(Node("row", tuple(cells)))
            cells = []
            if self.peek().kind != "end":
                self.need("\\\\")
        self.cursor.at += 1
        self.cursor.level -= 1
        matrix = Node("matrix", tuple(rows))
        return Node("fn", (matrix,), "det") if environment == "vmatrix" else matrix

    def constructor(self, name: str, at: int) -> Node:
        """Read the arguments of a class or function of sympy."""
        args = self.arguments()
        node = constructed(name, args)
        if node is None:
            raise ToolError(f"position {at}: {name} does not take these {len(args)} arguments")
        return node


def _only(node: Node, *, at: int) -> Node:
    if node.op != "list" or len(node.args) != 1:
        raise ToolError(f"position {at}: one index of the root was expected")
    return node.args[0]


def _is_letter(text: str) -> bool:
    return (len(text) == 1 and text.isalpha()) or text in GREEK


def _is_symbol(token: Token) -> bool:
    return token.kind in ("word", "cmd") and _is_letter(token.text.lstrip("\\"))
