"""The JSON Schema of a case type's file, made from the classes that read it: `python -m …rules.schema` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from egard.kernel.cases.rules.definition import CaseType

FILE = Path(__file__).parent / "case-type.schema.json"
_ALSO: dict[str, list[dict[str, Any]]] = {
    "Text": [{"type": "string", "minLength": 1}],
    "Condition": [{"type": "string"}, {"type": "boolean"}],
    "Clock": [{"type": "string", "pattern": r"^\d+ (min|h|business hours?|business days?|days?|months?)$"}],
}
"""What may be written short: a text in one language, a condition as its expression, a promise as its span."""
_LISTS = ("after", "evidence", "also")


def schema() -> dict[str, Any]:
    told = CaseType.model_json_schema(by_alias=True)
    for name, shorter in _ALSO.items():
        whole = told["$defs"].pop(name)
        for derived in ("uses", "moments"):
            whole["properties"].pop(derived, None)
        told["$defs"][name] = {"anyOf": [whole, *shorter]}
    for part in told["$defs"].values():
        for name, prop in part.get("properties", {}).items():
            if name in _LISTS:
                part["properties"][name] = {"anyOf": [prop, prop["items"]]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "case-type.schema.json",
        **told,
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(schema(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
