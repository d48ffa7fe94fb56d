"""What Flask-Security says, in our words. Only sentences that one of the pages in use can show."""

from __future__ import annotations

from app.rendering.sentences import N_

_SENTENCES = {
    "GENERIC_AUTHN_FAILED": N_("That did not work: the e-mail address or the password is not right."),
    "API_ERROR": N_("This cannot be used here."),
    "DISABLED_ACCOUNT": N_("That did not work: the e-mail address or the password is not right."),
    "EMAIL_NOT_PROVIDED": N_("Type your e-mail address."),
    "INVALID_EMAIL_ADDRESS": N_("This is not an e-mail address."),
    "INVALID_PASSWORD": N_("This is not your password."),
    "INVALID_RECOVERY_CODE": N_("This is not one of your codes, or it was used already."),
    "PASSWORD_IS_THE_SAME": N_("The new password is the same as the present one."),
    "PASSWORD_NOT_PROVIDED": N_("Type your password."),
    "RETYPE_PASSWORD_MISMATCH": N_("The two passwords are not the same."),
    "TWO_FACTOR_INVALID_TOKEN": N_(
        "This code does not fit, or it was used already. Wait until the app shows the next one."
    ),
    "TWO_FACTOR_METHOD_NOT_AVAILABLE": N_("Only an authenticator app can be set up here."),
}

MESSAGES = {f"SECURITY_MSG_{key}": (sentence, "error") for key, sentence in _SENTENCES.items()}
