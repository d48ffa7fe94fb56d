"""What the entries of the audit log are called on a page."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

ACTIONS = {
    "organizer.signed_in": _l("signed in"),
    "organizer.signed_out": _l("signed out"),
    "organizer.signed_out_everywhere": _l("signed out on all devices"),
    "organizer.sign_in_failed": _l("sign-in failed"),
    "organizer.password_changed": _l("changed the password"),
    "organizer.second_factor_set_up": _l("set up an authenticator"),
    "organizer.second_factor_reset": _l("second factor was reset"),
    "organizer.recovery_codes_made": _l("made recovery codes"),
    "organizer.role_changed": _l("role was changed"),
    "organizer.deactivated": _l("account was closed"),
    "invitation.made": _l("invited somebody"),
    "invitation.accepted": _l("accepted an invitation"),
    "recipient.added": _l("added an office"),
    "recipient.edited": _l("edited an office"),
    "recipient.closed": _l("closed an office"),
    "recipient.imported": _l("imported offices"),
    "recipient.reopened": _l("reopened an office"),
    "holder.added": _l("added a holder"),
    "holder.edited": _l("edited a holder"),
    "holder.ended": _l("ended a term"),
    "contact.added": _l("added a contact"),
    "contact.edited": _l("edited a contact"),
    "contact.verified": _l("verified a contact"),
    "contact.proposed": _l("proposed another address for a contact"),
    "contact.proposed_anew": _l("proposed yet another address, in place of the one that waited"),
    "contact.approved": _l("approved another address for a contact"),
    "contact.rejected": _l("rejected another address for a contact"),
    "contact.taken_back": _l("took back an address that they had proposed"),
    "contact.suspended": _l("suspended a contact"),
    "contact.resumed": _l("put a contact to use again"),
    "contact.withdrawn": _l("withdrew a contact"),
    "rule.switched_on": _l("switched a rule on"),
    "rule.switched_off": _l("switched a rule off"),
    "correction.taken_over": _l("took over a correction"),
    "correction.not_taken_over": _l("did not take over a correction"),
    "campaign.office_added": _l("added an office to a campaign"),
    "campaign.office_changed": _l("changed what a campaign asks of an office"),
    "campaign.started": _l("started a campaign"),
    "campaign.edited": _l("edited a campaign"),
    "campaign.launched": _l("put a campaign before the public"),
    "campaign.ended": _l("ended a campaign"),
    "campaign.letter_saved": _l("saved a version of a letter"),
    "campaign.letter_restored": _l("restored an older version of a letter"),
    "campaign.review_asked": _l("asked for a second reader of a letter"),
    "campaign.letter_published": _l("published a version of a letter"),
    "letter.viewed": _l("read name and text of a letter"),
    "delivery.cancelled": _l("cancelled a copy"),
    "delivery.released": _l("released a held copy"),
    "delivery.marked_accepted": _l("marked an unclear copy as accepted"),
    "delivery.sent_again": _l("sent an unclear copy again"),
    "delivery.all_readdressed": _l("addressed held letters anew"),
    "delivery.all_sent_to_successor": _l("sent held letters to the successor"),
    "delivery.all_cancelled": _l("cancelled held letters"),
    "delivery.all_released": _l("released letters that waited for a contact"),
}


def action_name(action: str) -> str:
    """Return an action in words; one that has none yet, as it is stored."""
    return str(ACTIONS.get(action, action))
