"""When a visit can begin, and who receives it: offered and accepted by the same reckoning. Pure."""

STATES = ("held", "booked", "arrived", "started", "ended", "cancelled", "missed", "lapsed")
TAKING = ("held", "booked", "arrived", "started", "ended", "missed")
"""In these a visit keeps the time that it was given."""
COMING = ("booked", "arrived", "started")
"""In these it is owed to the visitor."""
SHOWN = ("booked", "arrived", "started", "ended", "missed", "cancelled")
"""A hold is nobody's visit yet."""
