"""Writing, confirming and withdrawing letters."""
