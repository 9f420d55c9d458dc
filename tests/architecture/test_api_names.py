"""The API describes each of its shapes under one name."""

from __future__ import annotations

import ast
from collections import defaultdict

from house_source import module_name, product_files


def test_no_two_shapes_of_the_api_have_one_name():
    """They stand side by side in one description: the second would take the place of the first."""
    found: dict[str, list[str]] = defaultdict(list)
    shapes = {"Schema", "BaseModel"}
    for path in (one for _round in range(2) for one in product_files("**/api.py", "**/*schemas.py", "api/*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(ast.unparse(base).split("[")[0] in shapes for base in node.bases):
                shapes.add(node.name)
                found[node.name].append(module_name(path))
    assert len(found) > 100
    twice = {name: sorted(set(places)) for name, places in found.items() if len(set(places)) > 1}
    assert twice == {}
