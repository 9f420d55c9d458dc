"""The JSON Schemas of a brand's file and of a rule's, made from the classes that read them: `python -m …rules.schema`
writes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from egard.journeys.signature.rules.rule import Rule
from egard.journeys.signature.rules.style import Style

FOLDER = Path(__file__).parent
_SHORT: dict[str, dict[str, Any]] = {"Text": {"type": "string", "minLength": 1}, "Banned": {"type": "string"}}
"""What may be written short: a text in one language, a banned word with what is said instead."""


def _schema(of: Any, name: str) -> dict[str, Any]:
    told = TypeAdapter(of).json_schema(by_alias=True)
    for part, shorter in _SHORT.items():
        if part in told["$defs"]:
            told["$defs"][part] = {"anyOf": [told["$defs"][part], shorter]}
    for part in told["$defs"].values():
        for field in ("tokens", "unless", "any", "service", "action", "bad", "good"):
            listed = part.get("properties", {}).get(field)
            if listed and listed.get("type") == "array" and "items" in listed:
                part["properties"][field] = {"anyOf": [listed, listed["items"]]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, **told}


def schemas() -> dict[str, dict[str, Any]]:
    """By file name."""
    return {name: _schema(of, name) for name, of in (("style.schema.json", Style), ("rule.schema.json", Rule))}


if __name__ == "__main__":
    for file, told in schemas().items():
        (FOLDER / file).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
