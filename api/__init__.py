"""The ways in: HTTP, the command line, and who may do what."""
