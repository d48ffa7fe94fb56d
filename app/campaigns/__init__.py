"""Campaigns, their letter templates and their audience."""
