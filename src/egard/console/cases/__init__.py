"""How staff work on cases: the list, the page of a case, the maps of its types."""
