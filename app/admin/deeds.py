"""What an office has done of what a campaign asks: recorded, and undone."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf import FlaskForm

from app import clock
from app.admin.acting import me
from app.admin.asking import EDIT_CAMPAIGNS, PLACE
from app.admin.campaign_forms import LANGUAGES
from app.admin.fields import Day, Needed, Tick, accepted, line
from app.admin.recipients import bp, to_office
from app.campaigns.audience import Membership, membership
from app.campaigns.deeds_file import source_of
from app.errors import Refused
from app.i18n import language_name, page_language
from app.letters import thanking
from app.letters.thanking import Doing
from app.recipients import listing
from app.security.guard import audience

DEED = f"{PLACE}/deed"


class DeedForm(FlaskForm):
    """What an office has done, said in each language that the campaign's letters are in."""

    done_on = Day(_l("On which day"), [Needed(_l("Say on which day it acted."))])
    source = line(_l("Where that stands"), 400, _l("Say where this stands."))
    said_en = line(_l("What it has done, in English"), 300)
    said_fr = line(_l("What it has done, in French"), 300)
    said_hy = line(_l("What it has done, in Armenian"), 300)
    said_ru = line(_l("What it has done, in Russian"), 300)
    by_holder = Tick(_l("Whoever holds the office did it; a successor is asked again"))

    def __init__(self, place: Membership, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        spoken = {template.language for template in place.campaign.templates} or {"en"}
        self.languages = [language for language in LANGUAGES if language in spoken]

    @property
    def sentences(self) -> list[Any]:
        """The fields for the languages of the campaign."""
        return [self[f"said_{language}"] for language in self.languages]

    def doing(self) -> Doing:
        """Return what was filled in; only of a form that was found right."""
        said = {language: self[f"said_{language}"].data for language in self.languages}
        if self.done_on.data is None:
            raise Refused(_("Say on which day it acted."), "done_on")
        return Doing(
            done_on=self.done_on.data,
            said={language: sentence for language, sentence in said.items() if sentence},
            source=source_of(self.source.data),
            by_holder=self.by_holder.data,
        )


@bp.get(DEED)
@audience(EDIT_CAMPAIGNS)
def ask_deed(recipient_id: uuid.UUID, campaign_id: uuid.UUID) -> str:
    """Ask what an office has done, or show what is recorded."""
    place = membership(campaign_id, recipient_id, page_language())
    return _page(DeedForm(place), place, recipient_id)


@bp.post(DEED)
@audience(EDIT_CAMPAIGNS)
def record_deed(recipient_id: uuid.UUID, campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Record what an office has done."""
    place = membership(campaign_id, recipient_id, page_language())
    form, held = DeedForm(place), [0]

    def record() -> None:
        held[0] = thanking.record_deed(campaign_id, recipient_id, form.doing(), actor=me(), now=clock.now())

    if form.validate_on_submit() and accepted(form, record):
        flash(_("Recorded. Supporters thank the office instead of asking it."), "success")
        _tell(held[0])
        return to_office(recipient_id)
    place = membership(campaign_id, recipient_id, page_language())
    return make_response(_page(form, place, recipient_id), 422)


@bp.post(f"{DEED}/undo")
@audience(EDIT_CAMPAIGNS)
def undo_deed(recipient_id: uuid.UUID, campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Undo what was recorded."""
    try:
        held = thanking.undo_deed(campaign_id, recipient_id, actor=me(), now=clock.now())
    except Refused as refusal:
        flash(refusal.sentence, "error")
        return redirect(url_for(".ask_deed", recipient_id=recipient_id, campaign_id=campaign_id), 303)
    flash(_("Undone: the office is asked again."), "success")
    _tell(held)
    return to_office(recipient_id)


def _tell(held: int) -> None:
    if held:
        flash(
            ngettext(
                "One letter that has not left is held; decide about it at Held letters.",
                "%(num)s letters that have not left are held; decide about them at Held letters.",
                held,
            ),
            "info",
        )


def _page(form: DeedForm, place: Membership, recipient_id: uuid.UUID) -> str:
    return render_template(
        "admin/recipients/deed.html",
        form=form,
        place=place,
        recipient=listing.office(recipient_id),
        language_name=language_name,
    )
