"""Specs, and the servers, stores and situations that they share."""
