"""The organizers' front door."""
from flask import Flask


def init_admin(app: Flask) -> None:
    """Register the organizers' pages."""
