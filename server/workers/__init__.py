"""Loops and their shutdown: relay, results, housekeeping. They decide nothing."""
