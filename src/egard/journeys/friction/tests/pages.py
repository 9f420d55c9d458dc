"""What of this journey the catalogue of pages opens."""

from catalogue import Shown

PAGES = (Shown("friction:figures", who="administrator"),)
