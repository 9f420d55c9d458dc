"""Who of staff may decide what, up to how much, and while what they learnt holds."""
