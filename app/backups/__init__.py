"""Backups of an installation's database, and restoring them (`redress backup`, `redress restore`)."""
