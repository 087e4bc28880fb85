"""Data that nobody here made, brought in as history and measured against what is known of it."""
