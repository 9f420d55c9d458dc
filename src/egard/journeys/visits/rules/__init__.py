"""When a visit can begin, and who receives it: offered and accepted by the same reckoning. Pure."""

STATES = ("held", "booked", "arrived", "started", "ended", "cancelled", "missed", "lapsed")
TAKING = ("held", "booked", "arrived", "started", "ended", "missed")
"""In these a visit keeps the time that it was given."""
COMING = ("booked", "arrived", "started")
"""In these it is owed to the visitor."""
SHOWN = ("booked", "arrived", "started", "ended", "missed", "cancelled")
"""A hold is nobody's visit yet."""
OUTCOMES = ("settled", "sold", "thinking", "elsewhere", "nothing", "left")
"""What came of a visit: done with, something was bought, she thinks it over, she goes on elsewhere, nothing, she left
before anybody received her.
"""
