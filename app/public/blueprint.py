"""The one blueprint of the supporters' pages; each module of this package adds its own views to it."""

from flask import Blueprint

public = Blueprint("public", __name__)
