"""How long the tests wait for what has to come. A busy machine is slow, not broken, and waiting in vain happens to failures only."""

PATIENCE = 90.0
"""Seconds."""
