"""What others may rely on who read our topics, or write to those that we read."""
