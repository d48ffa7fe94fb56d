"""The second factor: one-time passwords of an authenticator app, and codes for when it is lost."""

from __future__ import annotations

import hmac
import re
from typing import Any

import qrcode
from flask_security import MfRecoveryCodesUtil, Totp
from markupsafe import Markup
from passlib.totp import TokenError

from app.organizers.models import Organizer
from app.security.keys import current_keys

QUIET_ZONE = 4
"""Blank modules around a QR code (ISO/IEC 18004 §9.1)."""
NUMBER_OF_CODES = 10


class OneTimePasswords(Totp):
    """Takes each one-time password once (RFC 6238 §5.2), and draws QR codes that our CSP lets through."""

    def verify_totp(self, token: str, totp_secret: str, user: Any, window: int = 0) -> bool:
        """Whether `token` fits.

        Args:
            token: what was typed, blanks allowed.
            totp_secret: the encrypted secret.
            user: the organizer. Of the secret that is theirs already, no code is taken twice; the
                code that proves a new authenticator to be set up well is not used up by that.
            window: seconds by which the clocks may differ.
        """
        known = totp_secret == user.tf_totp_secret
        last = user.totp_counter if known else None
        try:
            match = self._totp.verify(
                re.sub(r"\s", "", str(token)), totp_secret, window=window, last_counter=last
            )
        except TokenError:
            return False
        if known:
            user.totp_counter = match.counter
        return True

    def generate_qrcode(self, username: str, totp: str) -> str:
        """Return an SVG element: `data:` images, which the base makes, are not allowed here."""
        return svg_of(self.get_totp_uri(username, totp))


def svg_of(text: str) -> Markup:
    """Return a QR code of `text` as an SVG element: one path, a module a unit, no style."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(text)
    rows = code.get_matrix()
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark
    )
    size = len(rows)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges"'
        ' aria-hidden="true"><path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>'
    ).format(size=size, path=path)


class RecoveryCodes(MfRecoveryCodesUtil):
    """Keeps codes as keyed hashes: they are shown once, when they are made, and by nobody ever again."""

    def create_recovery_codes(self, user: Any) -> list[str]:
        """Make new codes, which end the old ones, and return them to be shown."""
        from flask_security.proxies import _security

        codes: list[str] = _security.totp_factory.generate_recovery_codes(NUMBER_OF_CODES)
        user.mf_recovery_codes = [_hashed(user, code) for code in codes]
        return codes

    def get_recovery_codes(self, user: Any) -> list[str]:
        """Return none: what is hashed cannot be shown."""
        return []

    def check_recovery_code(self, user: Any, code: str) -> bool:
        """Whether `code` is one that was not used yet."""
        return _place_of(user, code) is not None

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        """Use `code` up."""
        place = _place_of(user, code)
        if place is None:
            return False
        user.mf_recovery_codes = [kept for kept in user.mf_recovery_codes if kept != place]
        return True


def _hashed(organizer: Organizer, code: str) -> str:
    # However somebody copies a code from paper: blanks, dashes and case do not matter.
    plain = re.sub(r"[\s-]", "", code).casefold()
    return current_keys().mac("recovery code", organizer.id.bytes + plain.encode()).hex()


def _place_of(organizer: Organizer, code: str) -> str | None:
    wanted = _hashed(organizer, code)
    return next((kept for kept in organizer.mf_recovery_codes if hmac.compare_digest(kept, wanted)), None)
