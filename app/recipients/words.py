"""What offices are called in lists, for the public and for the desk."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

LEVELS = {
    "international": _l("International"),
    "national": _l("National"),
    "state": _l("State or region"),
    "local": _l("Local"),
    "organization": _l("Organization"),
}
