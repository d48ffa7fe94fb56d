"""What campaigns ask of an office: seen from the office."""

from __future__ import annotations

import uuid

from flask import flash, make_response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField

from app import clock
from app.admin.acting import me
from app.admin.fields import Tick, accepted, line, offered, text
from app.admin.recipients import bp, to_office
from app.campaigns.audience import Asked, Membership, membership, set_asked
from app.campaigns.models import THANKS, AudienceMember, Campaign
from app.campaigns.texts import text as in_words
from app.i18n import page_language
from app.recipients import listing
from app.security.guard import audience, permission

PLACE = "/<uuid:recipient_id>/campaigns/<uuid:campaign_id>"
EDIT_CAMPAIGNS = permission("campaigns.edit")


class AskForm(FlaskForm):
    """What a campaign asks of an office."""

    template_key = SelectField(_l("Which letter goes there"))
    thanks_key = SelectField(_l("Which letter thanks it, once it has acted"))
    ask = line(
        _l("What is asked, in a line for the card"), 300, _l("Say in a line what is asked of this office.")
    )
    ask_text = text(
        _l("What is asked, as a sentence in the letter"),
        1000,
        _l("Write the sentence of the letter that asks this office for something."),
    )
    preselected = Tick(_l("Ticked when the page opens"), default=True)
    offered = Tick(_l("Supporters can choose it"), default=True)

    @classmethod
    def of(cls, place: Membership) -> AskForm:
        """Return the form filled with what is asked now."""
        form = cls()
        form.offer_letters(place.campaign)
        if place.member is not None and not form.is_submitted():
            form.fill(place.member)
        return form

    def fill(self, rule: AudienceMember) -> None:
        """Fill in what a rule asks."""
        self.template_key.data, self.thanks_key.data = rule.template_key, rule.thanks_key
        self.ask.data = in_words(rule.ask, page_language())
        self.ask_text.data = in_words(rule.ask_text, page_language())
        self.preselected.data = rule.preselected
        self.offered.data = not rule.history and bool(rule.template_key)

    def offer_letters(self, campaign: Campaign) -> None:
        """Offer the campaign's letters."""
        names = {template.key: template.name for template in campaign.templates}
        thanks = {template.key for template in campaign.templates if template.kind == THANKS}
        self.template_key.choices = offered({key: name for key, name in names.items() if key not in thanks})
        none = _("The first letter of thanks that the campaign has")
        self.thanks_key.choices = offered({"": none} | {key: names[key] for key in sorted(thanks)})

    def asked(self) -> Asked:
        """Return what was filled in."""
        return Asked(
            template_key=self.template_key.data,
            ask=self.ask.data,
            ask_text=self.ask_text.data,
            preselected=self.preselected.data,
            offered=self.offered.data,
            thanks_key=self.thanks_key.data,
        )


@bp.get(PLACE)
@audience(EDIT_CAMPAIGNS)
def ask_what(recipient_id: uuid.UUID, campaign_id: uuid.UUID) -> str:
    """Show what a campaign asks of an office, as a form."""
    return _page(
        AskForm.of(membership(campaign_id, recipient_id, page_language())), recipient_id, campaign_id
    )


@bp.post(PLACE)
@audience(EDIT_CAMPAIGNS)
def set_what(recipient_id: uuid.UUID, campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Put an office into a campaign's audience, or change what is asked of it."""
    form = AskForm.of(membership(campaign_id, recipient_id, page_language()))
    if form.validate_on_submit() and accepted(
        form,
        lambda: set_asked(
            campaign_id,
            recipient_id,
            form.asked(),
            language=page_language(),
            actor=me(),
            now=clock.now(),
        ),
    ):
        flash(_("Saved. The campaign's page shows it at once."), "success")
        return to_office(recipient_id)
    return make_response(_page(form, recipient_id, campaign_id), 422)


def _page(form: AskForm, recipient_id: uuid.UUID, campaign_id: uuid.UUID) -> str:
    return render_template(
        "admin/recipients/asked.html",
        form=form,
        recipient=listing.office(recipient_id),
        place=membership(campaign_id, recipient_id, page_language()),
    )
