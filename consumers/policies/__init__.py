"""What the service does by itself when something has happened."""
