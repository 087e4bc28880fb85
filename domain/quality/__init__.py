"""Quality inspection (质检): which calls are looked at, by what scorecard, and what comes of it."""
