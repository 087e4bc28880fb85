"""What operators look at, and what they may ask of it."""
