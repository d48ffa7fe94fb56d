"""Who may do what at the desk: one table, role by role."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_security import RoleMixin

ROLES = ("owner", "organizer", "viewer")
"""From the one who may do everything to the one who may look."""

_VIEWER = frozenset({"desk.view", "recipients.view", "letters.view"})
# letters.personal: names, addresses and texts of supporters; every such view is audited.
_ORGANIZER = _VIEWER | {"recipients.edit", "letters.personal", "letters.manage", "campaigns.edit"}
_OWNER = _ORGANIZER | {"organizers.manage", "rules.manage", "audit.view"}

PERMISSIONS: dict[str, frozenset[str]] = {"owner": _OWNER, "organizer": _ORGANIZER, "viewer": _VIEWER}

ROLE_NAMES = {"owner": _l("Owner"), "organizer": _l("Organizer"), "viewer": _l("Viewer")}

ROLE_DESCRIPTIONS = {
    "owner": _l("Does everything an organizer does, invites and removes people, reads the audit log."),
    "organizer": _l("Keeps offices and contacts, decides on held letters, may read letters and names."),
    "viewer": _l("Sees offices, and letters by reference and state; no names, no texts; changes nothing."),
}


@dataclass(frozen=True, eq=False)
class Role(RoleMixin):
    """A role as Flask-Security wants to see one. Not stored: the organizer's row names it."""

    name: str

    def get_permissions(self) -> set[str]:
        """Return the names of what the role may do."""
        return set(permissions_of(self.name))


def permissions_of(role: str) -> frozenset[str]:
    """Return what `role` may do; nothing, for a role that does not exist."""
    return PERMISSIONS.get(role, frozenset())
