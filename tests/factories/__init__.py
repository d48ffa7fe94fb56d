"""Rows and requests as tests need them, in the field's own words. No test is in here."""
