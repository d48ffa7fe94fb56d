"""A letter on paper: laid out, and set as PDF by typst."""
