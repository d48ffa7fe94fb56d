"""How letters are worded and set: text in, text out.

Pure: no Flask, no database, no clock, no network, and nothing else of this application. The
sentences of its errors are in English with their values beside them, so that a floor above can
translate them: `_(error.message, **error.values)`.
"""
