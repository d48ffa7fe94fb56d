"""Offices, the people who hold them, and the contacts that reach them."""
