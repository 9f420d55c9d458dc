"""The morning brief of a site."""
