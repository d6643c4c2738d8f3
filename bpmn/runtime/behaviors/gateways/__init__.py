"""Behaviors of gateways."""
