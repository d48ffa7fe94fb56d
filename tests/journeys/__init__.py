"""A person's whole way, against real servers."""
