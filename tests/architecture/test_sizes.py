"""Files stay under 400 lines, functions under 70: a longer one wants to be two."""

from __future__ import annotations

import ast

from house_source import ROOT, tracked_files, tree

FILE_LINES = 400
FUNCTION_LINES = 70


def _python() -> list:
    folders = ("src", "tests", "bench", "examples", "bin")
    files = [path for folder in folders for path in tracked_files(folder) if path.suffix == ".py"]
    return sorted(path for path in files if "migrations" not in path.parts)


def test_files_are_under_400_lines():
    counted = {path: path.read_text(encoding="utf-8").count("\n") for path in _python()}
    assert counted
    long = {str(path.relative_to(ROOT)): lines for path, lines in counted.items() if lines >= FILE_LINES}
    assert not long, f"too long: {long}"


def test_functions_are_under_70_lines():
    long = {
        f"{path.relative_to(ROOT)}:{node.name}": length
        for path in _python()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) >= FUNCTION_LINES
    }
    assert not long, f"too long: {long}"
