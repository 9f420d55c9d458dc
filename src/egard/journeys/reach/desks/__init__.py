"""Setting desks: lines, hours, deputies, absences, presence."""
