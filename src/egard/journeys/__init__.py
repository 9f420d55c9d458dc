"""The journeys: one folder each. Adding one adds a folder and edits nothing else."""
