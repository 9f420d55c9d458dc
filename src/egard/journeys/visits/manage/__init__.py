"""Where a house says how its shops receive people, and moves their visits about: settings and the calendar."""
