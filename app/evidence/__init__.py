"""Facts with dates and sources."""
