"""The pairs: the same said to one client, and about the company."""

from __future__ import annotations

from pathlib import Path

import yaml

FOLDER = Path(__file__).parent / "pairs"
PAIRS = [
    (language, n, pair)
    for language in ("fr", "en")
    for n, pair in enumerate(yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8")), start=1)
]
NAMES = [f"{language} {pair['moment']} {n}" for language, n, pair in PAIRS]
