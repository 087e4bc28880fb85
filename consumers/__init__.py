"""What runs beside the API: it keeps the views, the clock and the policies going."""
