"""When a visit can begin, and who receives it: offered and accepted by the same reckoning. Pure."""
