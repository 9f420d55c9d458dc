"""What of this journey the catalogue of pages opens."""

from pages_shown import Shown


def complained(world):
    """The link that somebody unknown was given."""
    from django.core import signing

    from egard.base.clock import utc_now
    from egard.journeys.complaints.operations import complain_openly
    from egard.journeys.complaints.pages import LINK

    made = complain_openly("Nobody came.", contact="jo@example.org", place="", key="catalogue", now=utc_now())
    return {"link": signing.dumps(str(made.case.uuid), salt=LINK)}


PAGES = (
    Shown("complaints:list"),
    Shown("complaints:list", query="?status=closed"),
    Shown("complaints:new"),
    Shown("complaints:figures", who="administrator", data=True),  # rules speak the language of the house
    Shown("complaints:mine", who="anne"),
    Shown("complaints:openly", who="nobody"),
    Shown("complaints:followed", complained, who="nobody"),
)
