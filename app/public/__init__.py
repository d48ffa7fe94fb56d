"""The supporters' front door."""
from flask import Flask


def init_public(app: Flask) -> None:
    """Register the supporters' pages."""
