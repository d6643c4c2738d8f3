"""Adapters from the vendors' attributes and elements to the one model."""
