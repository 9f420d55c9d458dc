"""Long work for a person: cases that follow a readable file, which people leave whenever they know better."""
