"""CEL expressions as a small tree, and what may be said in one: read once, when a case type is read.

The tree comes from cel-python's grammar; nothing is evaluated here. What could cost more than its own length (the
macros that walk lists, regular expressions) is refused: an expression costs at most its number of nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LENGTH_MAX = 1000
DEPTH_MAX = 20
"""Brackets within brackets: parsers recurse, and a thousand of them end a process."""
NODES_MAX = 200
ROOTS = frozenset({"data", "facts", "promises", "steps", "stages", "milestones", "now", "opened_at"})
"""The names that an expression may begin with."""
CALLS = frozenset({"has", "size", "startsWith", "endsWith", "contains", "duration", "timestamp", "double", "int"})
WALKERS = frozenset({"all", "exists", "exists_one", "map", "filter", "matches"})


class BadExpression(ValueError):
    """The expression cannot be used; `rule` names why for programs."""

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Node:
    """One node; `op` is `and`, `or`, `not`, `minus`, a comparison, a sum, `if`, `path`, `call`, `list` or `value`."""

    op: str
    args: tuple[Node, ...] = ()
    value: Any = None
    text: str = ""
    """Its own piece of the source."""

    def walk(self) -> Iterator[Node]:
        yield self
        for arg in self.args:
            yield from arg.walk()


def parse(source: str) -> Node:
    """The tree of an expression. Raises `BadExpression`."""
    if len(source) > LENGTH_MAX:
        raise BadExpression("exploding_expression", f"an expression has at most {LENGTH_MAX} characters")
    depth = 0
    for character in source:
        depth += (character in "([{!-") - (character in ")]}")
        if depth > DEPTH_MAX * (3 if character in "!-" else 1):
            raise BadExpression("exploding_expression", f"at most {DEPTH_MAX} brackets stand within one another")
    from celpy.celparser import CELParseError, CELParser

    try:
        tree = CELParser().parse(source)
    except CELParseError as error:
        where = f" at character {error.column}" if error.column else ""
        raise BadExpression("bad_expression", f"this is no expression{where}: {source}") from error
    node = _node(tree, source)
    if sum(1 for _n in node.walk()) > NODES_MAX:
        raise BadExpression("exploding_expression", f"an expression has at most {NODES_MAX} parts")
    return node


_RELATIONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!=", "in": "in"}
_SUMS = {"addition_add": "+", "addition_sub": "-", "multiplication_mul": "*", "multiplication_div": "/"}
_LOGIC = {"conditionalor": "or", "conditionaland": "and"}


def _node(tree: Any, source: str) -> Node:
    """Lark's tree has one level for each precedence; those that say nothing are passed through."""
    name, kids = str(tree.data), tree.children
    text = source[tree.meta.start_pos : tree.meta.end_pos] if not tree.meta.empty else ""
    if name == "literal":
        return Node("value", value=_literal(kids[0]), text=text)
    if name == "ident":
        return Node("path", value=(str(kids[0]),), text=text)
    if name in ("member_dot", "member_index"):
        return _member(name, kids, source, text)
    if name in ("ident_arg", "member_dot_arg"):
        return _call(name, kids, source, text)
    if name == "list_lit":
        return Node("list", _listed(kids, source), text=text)
    if name == "unary" and len(kids) == 2:
        return Node({"unary_not": "not", "unary_neg": "minus"}[str(kids[0].data)], (_node(kids[1], source),), text=text)
    if name == "expr" and len(kids) == 3:
        return Node("if", tuple(_node(kid, source) for kid in kids), text=text)
    if name in _LOGIC and len(kids) == 2:
        return Node(_LOGIC[name], tuple(_node(kid, source) for kid in kids), text=text)
    if name == "relation" and len(kids) == 2:
        sign = _RELATIONS[str(kids[0].data).removeprefix("relation_")]
        return Node(sign, (_node(kids[0].children[0], source), _node(kids[1], source)), text=text)
    if name in ("addition", "multiplication") and len(kids) == 2:
        sign = _SUMS.get(str(kids[0].data))
        if sign is None:
            raise BadExpression("bad_expression", f"the sign of “{text}” is not used here")
        return Node(sign, (_node(kids[0].children[0], source), _node(kids[1], source)), text=text)
    if len(kids) == 1 and name in ("expr", "relation", "addition", "multiplication", "unary", "member", "primary",
                                   "paren_expr", *_LOGIC):  # fmt: skip
        return _node(kids[0], source)
    raise BadExpression("bad_expression", f"“{text or name}” is not used in conditions")


def _member(name: str, kids: list[Any], source: str, text: str) -> Node:
    """`data.x`, `data['x']`: a path of constant names."""
    of = _node(kids[0], source)
    step = str(kids[1]) if name == "member_dot" else None
    if step is None:
        index = _node(kids[1], source)
        step = index.value if index.op == "value" and isinstance(index.value, str) else None
    if of.op != "path" or step is None:
        raise BadExpression("bad_expression", f"“{text}”: only names stand behind a dot or in brackets")
    return Node("path", value=(*of.value, step), text=text)


def _call(name: str, kids: list[Any], source: str, text: str) -> Node:
    receiver = () if name == "ident_arg" else (_node(kids[0], source),)
    called = str(kids[0] if name == "ident_arg" else kids[1])
    rest = kids[1:] if name == "ident_arg" else kids[2:]
    if called in WALKERS:
        words = f"“{called}” walks through a list or a text, and could cost more than it says: write it out"
        raise BadExpression("exploding_expression", words)
    if called not in CALLS:
        raise BadExpression("unknown_name", f"“{called}” is not something that a condition can ask")
    return Node("call", (*receiver, *_listed(rest, source)), value=called, text=text)


def _listed(kids: list[Any], source: str) -> tuple[Node, ...]:
    return tuple(_node(one, source) for kid in kids for one in kid.children)


def _literal(token: Any) -> Any:
    """The value of a literal: text, number, true or false, null."""
    kind, text = token.type, str(token)
    if kind == "BOOL_LIT":
        return text == "true"
    if kind == "NULL_LIT":
        return None
    if kind == "INT_LIT":
        return int(text, 0)
    if kind == "FLOAT_LIT":
        return float(text)
    if kind == "STRING_LIT" and "\\" not in text and text[:3] not in ("'''", '"""'):
        return text[1:-1]
    raise BadExpression("bad_expression", f"write {text} as a plain text or number")
