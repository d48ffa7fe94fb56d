"""Rules of the installation that an owner may switch off. Asks for the password again."""

from __future__ import annotations

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField

from app import clock
from app.admin.acting import am_alone, fresh, me
from app.admin.fields import Needed, accepted, offered
from app.security.guard import audience, permission
from app.security.options import FOUR_EYES, is_on, switch

bp = Blueprint("admin_rules", __name__, url_prefix="/admin/rules")
OWNERS = permission("rules.manage")
ON, OFF = "on", "off"


class RulesForm(FlaskForm):
    """The one rule that there is so far, on or off."""

    four_eyes = RadioField(
        _l("Who verifies an address that letters are sent to?"), [Needed(_l("Choose one of the two."))]
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.four_eyes.choices = offered(
            {
                ON: _("Somebody other than the one who entered it: two people see every address"),
                OFF: _("Anybody, also the one who entered it: for a group of one person"),
            }
        )


@bp.get("")
@audience(OWNERS)
@fresh
def ask() -> str:
    """Show the rules."""
    return _page(RulesForm(four_eyes=ON if is_on(FOUR_EYES) else OFF))


@bp.post("")
@audience(OWNERS)
@fresh
def change() -> ResponseReturnValue:
    """Switch a rule on or off."""
    form = RulesForm()
    if form.validate_on_submit() and accepted(
        form, lambda: switch(FOUR_EYES, form.four_eyes.data == ON, actor=me(), now=clock.now())
    ):
        flash(_("Saved. It counts from now on."), "success")
        return redirect(url_for("admin_rules.ask"), 303)
    return make_response(_page(form), 422)


def _page(form: RulesForm) -> str:
    return render_template("admin/rules/show.html", form=form, is_kept=is_on(FOUR_EYES), alone=am_alone())
