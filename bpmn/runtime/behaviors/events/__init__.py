"""Behaviors of events."""
