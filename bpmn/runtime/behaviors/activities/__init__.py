"""Behaviors of activities."""
