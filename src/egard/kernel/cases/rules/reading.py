"""Reading a file of a case type: YAML with its line numbers, then the shape, then `lint`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from egard.kernel.cases.rules.definition import STEPS_MAX, CaseType

BYTES_MAX = 1_000_000
LINES_MAX = 20_000
FINDINGS_MAX = 100
DEPTH_MAX = 20
_OPENS = (
    yaml.BlockMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.FlowSequenceStartToken,
)
_CLOSES = (yaml.BlockEndToken, yaml.FlowMappingEndToken, yaml.FlowSequenceEndToken)


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something wrong with a file: the line (from 1), a rule for programs, a sentence for people."""

    line: int
    rule: str
    message: str


class Refused(Exception):
    """The file is no case type; `findings` say why."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__(findings[0].message if findings else "")


class Lines:
    """The line of each part of a file, by its path."""

    def __init__(self) -> None:
        self._of: dict[tuple[Any, ...], int] = {(): 1}

    def put(self, path: tuple[Any, ...], node: Node) -> None:
        self._of[path] = node.start_mark.line + 1

    def at(self, path: Iterable[Any]) -> int:
        """The line of a path, or of the nearest part above it."""
        place = tuple(path)
        while place not in self._of:
            place = place[:-1]
        return self._of[place]


def read(source: str) -> tuple[CaseType, Lines]:
    """The case type in a file. Raises `Refused`; what only `lint` sees is not looked at."""
    value, lines = values_of(source, a="a case type", begins="case: name")
    count = sum(len(s.get("steps") or ()) for s in _stages(value))
    if count > STEPS_MAX:
        words = f"{count} steps; a case that people follow has {STEPS_MAX} at most"
        raise Refused([Finding(1, "too_many_steps", words)])
    try:
        return CaseType.model_validate(value), lines
    except ValidationError as error:
        raise Refused(misfits(error, lines)) from error


def values_of(source: str, *, a: str, begins: str) -> tuple[dict[str, Any], Lines]:
    """The plain values of a file and the line of each, also for files of other kinds: `a` says what it should be, and
    `begins` how such a file begins. Raises `Refused`.
    """
    tree = _tree(source, a)
    lines = Lines()
    value = _plain(tree, (), lines)
    if not isinstance(value, dict):
        raise Refused([Finding(1, "shape", f"{a} is a mapping that begins with {begins}")])
    return value, lines


def _stages(value: dict[str, Any]) -> list[dict[str, Any]]:
    stages = value.get("stages")
    return [s for s in stages.values() if isinstance(s, dict)] if isinstance(stages, dict) else []


def _tree(source: str, a: str) -> Node:
    if len(source.encode()) > BYTES_MAX or source.count("\n") > LINES_MAX:
        words = f"{a} has at most {BYTES_MAX:,} bytes and {LINES_MAX:,} lines"
        raise Refused([Finding(1, "too_large", words)])
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = 0
    try:
        for token in yaml.scan(source, Loader=loader):
            if isinstance(token, yaml.AliasToken | yaml.AnchorToken | yaml.TagToken):
                raise Refused([Finding(1, "yaml", "anchors, aliases and tags of YAML are not used here")])
            depth += isinstance(token, _OPENS) - isinstance(token, _CLOSES)
            if depth > DEPTH_MAX:  # before anything recurses
                raise Refused([Finding(token.start_mark.line + 1, "yaml", "too many levels stand within one another")])
        tree = yaml.compose(source, Loader=loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Refused([Finding(line, "yaml", f"this is not YAML: {error.problem}")]) from error
    except yaml.YAMLError as error:
        raise Refused([Finding(1, "yaml", f"this is not YAML: {error}")]) from error
    if tree is None:
        raise Refused([Finding(1, "shape", "the file is empty")])
    return tree


def _plain(node: Node, path: tuple[Any, ...], lines: Lines) -> Any:
    """Plain values, each key once. Words stay words: YAML 1.1 would read `no` and `on` as answers."""
    if isinstance(node, MappingNode):
        value: dict[str, Any] = {}
        for key_node, one in node.value:
            key = str(key_node.value)
            if key in value:
                raise Refused([Finding(key_node.start_mark.line + 1, "twice", f"“{key}” stands here twice")])
            lines.put((*path, key), key_node)
            value[key] = _plain(one, (*path, key), lines)
        return value
    if isinstance(node, SequenceNode):
        for n, one in enumerate(node.value):
            lines.put((*path, n), one)
        return [_plain(one, (*path, n), lines) for n, one in enumerate(node.value)]
    assert isinstance(node, ScalarNode)
    if node.style is None and node.value in ("true", "false", "yes", "no"):
        return node.value in ("true", "yes")
    if node.style is None and node.tag == "tag:yaml.org,2002:null":
        return None
    return node.value


_UNKNOWN_FIELD = "extra_forbidden"


def misfits(error: ValidationError, lines: Lines) -> list[Finding]:
    """What does not fit the shape, each at its line; an expression's own rule is kept."""
    found = []
    for one in error.errors(include_url=False, include_input=False)[:FINDINGS_MAX]:
        path = tuple(part for part in one["loc"] if part != "[key]")
        cause = one.get("ctx", {}).get("error")
        rule = getattr(cause, "rule", "unknown_key" if one["type"] == _UNKNOWN_FIELD else "shape")
        name = ".".join(str(part) for part in path)
        words = str(cause) if cause else "is not a known key here" if rule == "unknown_key" else one["msg"].lower()
        found.append(Finding(lines.at(path), rule, f"{name}: {words}" if name else words))
    return sorted(set(found))
