"""What somebody holds with us is hers to know."""

from __future__ import annotations

import pytest

from egard.kernel.access.actors import Actor, NotAllowed, Viewer
from egard.kernel.access.queries import viewer_for
from egard.kernel.lifecycle.operations import merge_persons
from egard.kernel.payments import queries

pytestmark = pytest.mark.django_db


def test_what_somebody_holds_is_told_to_herself_under_each_of_her_ids_and_to_nobody_else(
    charge, refund, make_person, make_user, me, now
):
    anne, nan, paul = make_person("Anne"), make_person("Nan"), make_person("Paul")
    refund(charge("approve", 20, person=nan), 20, to="wallet")
    merge_persons(anne, nan, by=me, now=now)
    del anne.absorbed
    for own in (anne, nan):
        viewer = Viewer(Actor("person", str(own.uuid)))
        assert [purse.available for purse in queries.purses(viewer, anne, now=now)] == [20_00]
        assert len(queries.instruments(viewer, anne)) == 1
    for other in (Viewer(Actor("person", str(paul.uuid))), viewer_for(make_user("host"), now=now)):
        with pytest.raises(NotAllowed):
            queries.purses(other, anne, now=now)
        with pytest.raises(NotAllowed):
            queries.instruments(other, anne)
