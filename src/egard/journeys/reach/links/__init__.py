"""Being called without signing in: signed links, and the page for whoever is unknown."""
