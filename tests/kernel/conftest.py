"""Bringing in small files, as tests of imports do; promises, and a team that answers for them."""

from __future__ import annotations

import pytest

from egard.kernel.access.operations import ensure_site, ensure_team, place_user
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


@pytest.fixture
def owed(make_person, me, now):
    """Promises an answer to somebody: `owed(within="2 h")`."""

    def make(*, key: str = "one", person=None, at=now, kind="promises.answer", **more):
        from egard.kernel.promises.operations import promise

        return promise(person or make_person("Anne"), kind, key=key, by=me, now=at, **{"within": "2 h", **more})

    return make


@pytest.fixture
def team_of(make_user, me, now):
    """A team in Lyon: an agent, her supervisor, and somebody elsewhere."""
    team, site = ensure_team("care", by=me, now=now), ensure_site("lyon", by=me, now=now)
    agent, lead, other = make_user("agent"), make_user("supervisor"), make_user("supervisor")
    for user in (agent, lead):
        place_user(user, teams=[team], sites=[site], by=me, now=now)
    return team, site, agent, lead, other
