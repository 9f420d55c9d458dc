"""Parcels: a journey as somebody outside would write and publish it. Egard knows nothing of it."""
