"""The fixtures, a file for each kind of thing; tests/conftest.py names them."""
