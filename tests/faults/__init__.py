"""Kills, races and lost connections, against real servers where they matter."""
