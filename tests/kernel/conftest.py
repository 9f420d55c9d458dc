"""Bringing in small files, as tests of imports do."""

from __future__ import annotations

import pytest

from egard.kernel.lifecycle.imports import import_file


@pytest.fixture
def bring(tmp_path, me, now):
    """Imports text (or bytes) as a file: `bring("people", "a,b\\n1,2\\n", map)`."""

    def run(kind, text, map_text="", name="file.csv", **more):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        if map_text:
            more["map_path"] = tmp_path / "map.yaml"
            more["map_path"].write_text(map_text)
        return import_file(kind, path, by=me, now=now, **more)

    return run
