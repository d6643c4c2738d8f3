"""Measurements of the parts that decide how fast the whole is."""
