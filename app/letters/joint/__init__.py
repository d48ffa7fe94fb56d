"""Joint letters: one text, several offices, many signatories."""
