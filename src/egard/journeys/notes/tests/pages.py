"""What of this journey the catalogue of pages opens."""

PAGES = ()
NO_PAGES = {"notes:correction": "a part of the person's page"}
