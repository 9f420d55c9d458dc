"""Seeded simulations: the real product under many clients that are killed, and what must hold afterwards."""
