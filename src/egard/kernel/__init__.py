"""The kernel: what every journey stands on. It knows no journey."""
