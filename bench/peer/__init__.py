"""What it takes to measure beside others: their own environments, made from the package index when asked."""
