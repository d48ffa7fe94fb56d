"""The letters of a campaign: writing, versions, review, publishing, restoring."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_wtf import FlaskForm

from app import clock
from app.admin.acting import me, my_email
from app.admin.campaign_forms import LANGUAGES, LetterForm, PublishForm
from app.admin.campaigns import EDIT, VIEW, bp
from app.admin.fields import accepted
from app.campaigns import versions
from app.campaigns.models import LetterTemplate
from app.i18n import page_language
from app.letters import campaign_desk
from app.letters.trying import send_to_oneself
from app.letters.values import PLAIN_NAMES
from app.organizers import accounts
from app.security.guard import audience

LETTERS = "/<uuid:campaign_id>/letters"
LETTER = f"{LETTERS}/<uuid:template_id>"
VERSION = f"{LETTER}/<int:number>"


@bp.get(f"{LETTERS}/new")
@audience(EDIT)
def ask_new_letter(campaign_id: uuid.UUID) -> str:
    """Ask what a new letter says; with `of`, the key of a letter, one in another language."""
    form = LetterForm(language=request.args.get("language") or page_language())
    return _form_page(campaign_id, form, None)


@bp.post(f"{LETTERS}/new")
@audience(EDIT)
def add_letter(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Add a letter, as a draft."""
    form = LetterForm()
    return _save(campaign_id, form, None, key=request.args.get("of", ""))


@bp.get(f"{LETTER}/edit")
@audience(EDIT)
def ask_edit_letter(campaign_id: uuid.UUID, template_id: uuid.UUID) -> str:
    """Show the newest version of a letter as a form."""
    template = campaign_desk.letter(campaign_id, template_id)
    return _form_page(campaign_id, LetterForm.of(template, template.versions[-1]), template)


@bp.post(f"{LETTER}/edit")
@audience(EDIT)
def edit_letter(campaign_id: uuid.UUID, template_id: uuid.UUID) -> ResponseReturnValue:
    """Save a letter as a new version."""
    template = campaign_desk.letter(campaign_id, template_id)
    return _save(campaign_id, LetterForm.of(template, template.versions[-1]), template)


@bp.get(LETTER)
@audience(VIEW)
def show_letter(campaign_id: uuid.UUID, template_id: uuid.UUID) -> ResponseReturnValue:
    """Lead to the newest version of a letter."""
    template = campaign_desk.letter(campaign_id, template_id)
    return _to_version(template, template.versions[-1].number)


@bp.get(VERSION)
@audience(VIEW)
def show_version(campaign_id: uuid.UUID, template_id: uuid.UUID, number: int) -> str:
    """Show a version: what changed, what is wrong with it, and how it reads to each office."""
    return _version_page(campaign_desk.letter(campaign_id, template_id), number, PublishForm())


@bp.post(f"{VERSION}/review")
@audience(EDIT)
def ask_review(campaign_id: uuid.UUID, template_id: uuid.UUID, number: int) -> ResponseReturnValue:
    """Say that a draft is ready to be read by somebody else."""
    template = campaign_desk.letter(campaign_id, template_id)
    version = campaign_desk.numbered(template, number)
    form = PublishForm()
    if accepted(form, lambda: versions.ask_for_review(version.id, actor=me(), now=clock.now())):
        flash(_("It waits for a second reader."), "success")
        return _to_version(template, number)
    return make_response(_version_page(template, number, form), 422)


@bp.post(f"{VERSION}/try")
@audience(EDIT)
def try_it(campaign_id: uuid.UUID, template_id: uuid.UUID, number: int) -> ResponseReturnValue:
    """Send a version to the organizer who looks at it, as each office would get it."""
    template = campaign_desk.letter(campaign_id, template_id)
    form = PublishForm()
    sent: list[int] = []
    if accepted(
        form,
        lambda: sent.append(send_to_oneself(template, number, to=my_email(), actor=me(), now=clock.now())),
    ):
        flash(
            ngettext("One mail is on its way to you.", "%(num)s mails are on their way to you.", sent[0]),
            "success",
        )
        return _to_version(template, number)
    return make_response(_version_page(template, number, form), 422)


@bp.post(f"{VERSION}/restore")
@audience(EDIT)
def restore(campaign_id: uuid.UUID, template_id: uuid.UUID, number: int) -> ResponseReturnValue:
    """Make a new version of an old one."""
    template = campaign_desk.letter(campaign_id, template_id)
    versions.restore(campaign_desk.numbered(template, number).id, actor=me(), now=clock.now())
    flash(_("Restored, as a new version."), "success")
    return show_letter(campaign_id, template_id)


@bp.post(f"{VERSION}/publish")
@audience(EDIT)
def publish(campaign_id: uuid.UUID, template_id: uuid.UUID, number: int) -> ResponseReturnValue:
    """Offer a version to supporters."""
    template = campaign_desk.letter(campaign_id, template_id)
    whole = campaign_desk.version_whole(template, number, now=clock.now())
    form = PublishForm()
    if whole.problems:
        form.form_errors = [_("Put right first what is told below.")]
    elif form.validate_on_submit() and accepted(
        form,
        lambda: versions.publish(
            whole.version.id, at=_utc(form.publish_at.data), name=my_email(), actor=me(), now=clock.now()
        ),
    ):
        flash(_("Published. Letters written from then on have these words."), "success")
        return _to_version(template, number)
    return make_response(_version_page(template, number, form), 422)


def _save(
    campaign_id: uuid.UUID, form: LetterForm, template: LetterTemplate | None, key: str = ""
) -> ResponseReturnValue:
    saved: list[uuid.UUID] = []
    if form.validate_on_submit() and accepted(
        form,
        lambda: saved.append(
            versions.save_letter(
                campaign_id,
                template.id if template else None,
                form.words(),
                language=form.language.data,
                key=key,
                actor=me(),
                now=clock.now(),
            )
        ),
    ):
        flash(_("Saved as a draft. Supporters see it when it is published."), "success")
        return show_letter(campaign_id, saved[0])
    return make_response(_form_page(campaign_id, form, template), 422)


def _to_version(template: LetterTemplate, number: int) -> ResponseReturnValue:
    url = url_for(
        "admin_campaigns.show_version",
        campaign_id=template.campaign_id,
        template_id=template.id,
        number=number,
    )
    return redirect(url, 303)


def _version_page(template: LetterTemplate, number: int, form: FlaskForm) -> str:
    whole = campaign_desk.version_whole(template, number, now=clock.now())
    return render_template(
        "admin/campaigns/version.html",
        template=template,
        campaign=campaign_desk.campaign_whole(template.campaign_id, page_language(), now=clock.now()),
        whole=whole,
        form=form,
        names=accounts.names_of_actors(),
        for_another=versions.needs_another(whole.version, me()),
        languages=LANGUAGES,
        now=clock.now(),
    )


def _form_page(campaign_id: uuid.UUID, form: LetterForm, template: LetterTemplate | None) -> str:
    return render_template(
        "admin/campaigns/letter.html",
        form=form,
        template=template,
        whole=campaign_desk.campaign_whole(campaign_id, page_language(), now=clock.now()),
        names=PLAIN_NAMES,
        facts=campaign_desk.all_facts(page_language()),
    )


def _utc(typed: datetime | None) -> datetime | None:
    return typed.replace(tzinfo=UTC) if typed else None
