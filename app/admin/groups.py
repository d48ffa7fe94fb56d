"""The rules of a campaign's audience: their order, and those for groups of offices."""

from __future__ import annotations

import uuid

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField

from app import clock
from app.admin.acting import me
from app.admin.asking import AskForm
from app.admin.campaigns import EDIT, bp
from app.admin.fields import Country, accepted, line, offered
from app.admin.words import LEVELS, STYLES, group_words
from app.campaigns import rules
from app.campaigns.models import AudienceMember
from app.errors import NotFound
from app.i18n import page_language
from app.letters import campaign_desk
from app.letters.campaign_desk import CampaignWhole
from app.security.guard import audience

RULES = "/<uuid:campaign_id>/audience"
GROUP = f"{RULES}/<uuid:rule_id>"


class GroupForm(AskForm):
    """What the offices of a group have in common, and what they are asked for."""

    kind = SelectField(_l("Kind of office"))
    level = SelectField(_l("Level"))
    country = Country(nothing=_l("Any"))
    jurisdiction = line(_l("State, region or city"))
    institution = line(_l("Institution or chamber"), 300)

    @classmethod
    def for_rule(cls, whole: CampaignWhole, rule: AudienceMember | None) -> GroupForm:
        """Return the form filled with what a rule says; empty for a new one."""
        form = cls()
        form.kind.choices = offered({"": _("Any")} | STYLES)
        form.level.choices = offered({"": _("Any")} | LEVELS)
        form.offer_letters(whole.campaign)
        if rule is not None and not form.is_submitted():
            form.fill(rule)
            for name, value in (rule.group_of or {}).items():
                form[name].data = value
        return form

    @property
    def group(self) -> dict[str, str]:
        """What was filled in of what the offices have in common."""
        names = ("kind", "level", "country", "jurisdiction", "institution")
        return {name: self[name].data for name in names if self[name].data}


@bp.get(RULES)
@audience(EDIT)
def show_rules(campaign_id: uuid.UUID) -> str:
    """Show the rules of a campaign's audience in the order in which they count."""
    whole = _whole(campaign_id)
    return render_template(
        "admin/campaigns/rules.html",
        whole=whole,
        lines=campaign_desk.rule_lines(whole),
        group_words=group_words,
        letters={template.key: template.name for template in whole.campaign.templates},
        form=FlaskForm(),
    )


@bp.get(f"{RULES}/new")
@audience(EDIT)
def ask_new_group(campaign_id: uuid.UUID) -> str:
    """Ask for a new group."""
    whole = _whole(campaign_id)
    return _form_page(whole, GroupForm.for_rule(whole, None), None)


@bp.post(f"{RULES}/new")
@audience(EDIT)
def add_group(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Add a rule for a group."""
    return _save(_whole(campaign_id), None)


@bp.get(GROUP)
@audience(EDIT)
def ask_group(campaign_id: uuid.UUID, rule_id: uuid.UUID) -> str:
    """Show the rule for a group as a form."""
    whole = _whole(campaign_id)
    rule = _rule(whole, rule_id)
    return _form_page(whole, GroupForm.for_rule(whole, rule), rule)


@bp.post(GROUP)
@audience(EDIT)
def change_group(campaign_id: uuid.UUID, rule_id: uuid.UUID) -> ResponseReturnValue:
    """Change the rule for a group."""
    whole = _whole(campaign_id)
    return _save(whole, _rule(whole, rule_id))


@bp.get(f"{GROUP}/remove")
@audience(EDIT)
def ask_remove_group(campaign_id: uuid.UUID, rule_id: uuid.UUID) -> str:
    """Ask whether the rule for a group is to be taken out."""
    whole = _whole(campaign_id)
    rule = _rule(whole, rule_id)
    return render_template(
        "admin/campaigns/group_remove.html",
        whole=whole,
        line=next(line for line in campaign_desk.rule_lines(whole) if line.rule is rule),
        group=group_words(rule.group_of or {}),
        form=FlaskForm(),
    )


@bp.post(f"{GROUP}/remove")
@audience(EDIT)
def remove_group(campaign_id: uuid.UUID, rule_id: uuid.UUID) -> ResponseReturnValue:
    """Take out the rule for a group."""
    rules.remove_group(campaign_id, rule_id, actor=me(), now=clock.now())
    flash(_("Taken out. Its offices are written to only where another rule is about them."), "success")
    return _to_rules(campaign_id)


@bp.post(f"{GROUP}/up")
@audience(EDIT)
def move_rule(campaign_id: uuid.UUID, rule_id: uuid.UUID) -> ResponseReturnValue:
    """Put a rule before the one that it comes after."""
    seen = request.form.get("number", 0, type=int)
    rules.move_up(campaign_id, rule_id, seen=seen, actor=me(), now=clock.now())
    return _to_rules(campaign_id)


def _save(whole: CampaignWhole, rule: AudienceMember | None) -> ResponseReturnValue:
    form = GroupForm.for_rule(whole, rule)
    campaign_id = whole.campaign.id
    rule_id = rule.id if rule is not None else None
    if form.validate_on_submit() and accepted(
        form,
        lambda: rules.save_group(
            campaign_id,
            rule_id,
            form.group,
            form.asked(),
            language=page_language(),
            actor=me(),
            now=clock.now(),
        ),
    ):
        flash(_("Saved. The campaign's page shows it at once."), "success")
        return _to_rules(campaign_id)
    return make_response(_form_page(_whole(campaign_id), form, rule), 422)


def _form_page(whole: CampaignWhole, form: GroupForm, rule: AudienceMember | None) -> str:
    return render_template("admin/campaigns/group.html", whole=whole, form=form, rule=rule)


def _rule(whole: CampaignWhole, rule_id: uuid.UUID) -> AudienceMember:
    found = next((rule for rule in whole.campaign.audience if rule.id == rule_id), None)
    if found is None or found.group_of is None:
        raise NotFound(_("There is no such rule."))
    return found


def _whole(campaign_id: uuid.UUID) -> CampaignWhole:
    return campaign_desk.campaign_whole(campaign_id, page_language(), now=clock.now())


def _to_rules(campaign_id: uuid.UUID) -> ResponseReturnValue:
    return redirect(url_for("admin_campaigns.show_rules", campaign_id=campaign_id), 303)
