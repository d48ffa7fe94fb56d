"""Ways to hand a mail over, behind one contract (`base.Sender`)."""

from __future__ import annotations

from app.delivery.envelope import ascii_domain
from app.delivery.senders.base import SenderFactory
from app.settings import Settings


def choose(settings: Settings) -> SenderFactory:
    """Return what makes the senders of an installation: to its mail server, or to its Maildir without one.

    Raises:
        SettingsError: REDRESS_SMTP_URL asks for what cannot be.
    """
    if settings.smtp_url is None:
        from app.delivery.senders.maildir import MaildirSender

        return lambda _hurry: MaildirSender(settings.maildir)
    from app.delivery.senders.server import SmtpServer
    from app.delivery.senders.smtp import SmtpSender

    server = SmtpServer.parse(settings.smtp_url, greeting=ascii_domain(settings.mail_from))
    return lambda hurry: SmtpSender(server, hurry=hurry)
