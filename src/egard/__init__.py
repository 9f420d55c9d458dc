"""Egard: every promise an organisation makes to a person is recorded, kept on every channel, and measured."""

__version__ = "0.1.0"
