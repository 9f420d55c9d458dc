"""Reading the product's own source: what the tests of the house share."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
KERNEL = SRC / "egard" / "kernel"


def product_files(*patterns: str) -> list[Path]:
    """The product's Python files, without migrations and tests; `patterns` are globs below src/egard."""
    found = {path for pattern in patterns or ("**/*.py",) for path in (SRC / "egard").glob(pattern)}
    return sorted(path for path in found if not {"migrations", "tests"} & set(path.parts))


def all_tests() -> list[Path]:
    """Every file of tests: the common ones with their fixtures, and the journeys' own."""
    return sorted([*(ROOT / "tests").rglob("*.py"), *(SRC / "egard").rglob("tests/*.py")])


def tracked_files(folder: str) -> list[Path]:
    """What git keeps below `folder` (all files but caches where this is no git checkout)."""
    asked = subprocess.run(["git", "ls-files", "-z", "--", folder], cwd=ROOT, capture_output=True, check=False)
    if asked.returncode == 0 and asked.stdout:
        paths = [ROOT / name for name in asked.stdout.decode().split("\0") if name]
    else:
        paths = [path for path in (ROOT / folder).rglob("*") if "__pycache__" not in path.parts]
    return [path for path in paths if path.is_file()]


@lru_cache(maxsize=4096)
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def module_name(path: Path) -> str:
    """`src/egard/kernel/people/queries.py` as `egard.kernel.people.queries`."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def public_functions(path: Path) -> Iterator[ast.FunctionDef]:
    """The functions of a module that others may call."""
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def functions_used(paths: list[Path]) -> set[str]:
    """The full names of the functions that some files import, or reach through a module they import."""
    used: set[str] = set()
    for path in paths:
        modules: dict[str, str] = {}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.ImportFrom) and node.module:
                used |= {f"{node.module}.{alias.name}" for alias in node.names}
                modules |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            elif isinstance(node, ast.Import):
                modules |= {alias.asname: alias.name for alias in node.names if alias.asname}
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                used.add(f"{modules[node.value.id]}.{node.attr}")
    return used
