"""Who answers a client who writes in her own space: by the same rules as who answers her call."""
