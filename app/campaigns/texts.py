"""Texts by language, under the name by which this floor and those above it know them."""

from app.i18n.texts import FALLBACK, in_language, text

__all__ = ["FALLBACK", "in_language", "text"]
