"""A portfolio goes from one adviser to another, and each client is told."""
