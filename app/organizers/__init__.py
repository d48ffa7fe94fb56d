"""Organizers' accounts, roles, invitations and the audit log."""
