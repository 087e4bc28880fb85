"""The desk: pages on which people work all day, by the commands and views that everybody has."""
