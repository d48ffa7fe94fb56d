"""Messages as they come back: after the samples of RFC 3464 and what mail servers write, in our own words.

`{ours}` stands for the bounce address to which each was sent.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.delivery.bounces import Kind


@dataclass(frozen=True)
class Sample:
    """One message of the corpus: what it is called, what it is, and its text with LF line ends."""

    name: str
    kind: Kind
    status: str
    text: str

    def sent_to(self, ours: str) -> bytes:
        """Return its bytes, as they came back to a bounce address of ours."""
        return self.text.replace("{ours}", ours).replace("\n", "\r\n").encode()


def report(name: str, kind: Kind, status: str, fields: str, *, type_: str = "delivery-status") -> Sample:
    """A report as RFC 3464 wants it, with these fields about the recipient."""
    text = f"""\
From: Mail system <mailer-daemon@mx.offices.example>
To: {{ours}}
Subject: Your message could not be brought to its end
Message-ID: <report-1@mx.offices.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="next/part"

--next/part
Content-Type: text/plain

What we know of it stands below, for machines.

--next/part
Content-Type: message/{type_}

Reporting-MTA: dns; mx.offices.example
Arrival-Date: Sat, 21 Nov 2026 09:00:00 +0000

{fields}

--next/part
Content-Type: message/rfc822

Return-Path: <{{ours}}>
From: "Somebody via a campaign" <letters@redress.example>
To: office@offices.example
Subject: The mailbox full of letters, a user unknown to none
Message-ID: <letter@redress.example>

Dear Ambassador,

--next/part--
"""
    return Sample(name, kind, status, text)


def plain(name: str, kind: Kind, status: str, headers: str, body: str) -> Sample:
    """A message without structure."""
    head = f"To: {{ours}}\nDate: Sat, 21 Nov 2026 09:00:00 +0000\n{headers}"
    return Sample(name, kind, status, f"{head}\nContent-Type: text/plain; charset=utf-8\n\n{body}\n")


def failed(status: str, diagnostic: str = "", action: str = "failed") -> str:
    told = f"\nDiagnostic-Code: smtp; {diagnostic}" if diagnostic else ""
    return f"Final-Recipient: rfc822; office@offices.example\nAction: {action}\nStatus: {status}{told}"


PERSON = "From: Ada Clerk <ada@offices.example>\n"
DAEMON = "From: Mail Delivery <MAILER-DAEMON@mx.offices.example>\n"

REPORTS = [
    report("no such mailbox", "no_address", "5.1.1", failed("5.1.1", "550 nobody of this name here")),
    report("the domain has no mail", "no_address", "5.1.10", failed("5.1.10")),
    report("the domain is unknown", "no_address", "5.1.2", failed("5.1.2")),
    report("moved, nobody knows where", "no_address", "5.1.6", failed("5.1.6")),
    report("the mailbox is closed", "no_address", "5.2.1", failed("5.2.1", "550 account is closed")),
    report(
        "too many letters at once",
        "failed",
        "5.2.1",
        failed("5.2.1", "550 5.2.1 this user receives mail too quickly"),
    ),
    report("mailbox full", "mailbox_full", "5.2.2", failed("5.2.2", "552 no room left")),
    report("mailbox full for days", "mailbox_full", "4.2.2", failed("4.2.2")),
    report("by the server's rules", "refused", "5.7.1", failed("5.7.1", "554 our rules are against it")),
    report("not authenticated", "refused", "5.7.26", failed("5.7.26")),
    report("too large", "failed", "5.3.4", failed("5.3.4")),
    report("given up after days", "failed", "4.4.7", failed("4.4.7")),
    report("tried on", "delayed", "4.4.1", failed("4.4.1", action="delayed")),
    report("mailbox full, tried on", "delayed", "4.2.2", failed("4.2.2", action="delayed")),
    report("taken", "delivered", "2.0.0", failed("2.0.0", action="delivered")),
    report("handed on", "delivered", "2.1.9", failed("2.1.9", action="relayed")),
    report(
        "the code in the words", "no_address", "5.1.1", failed("5.0.0", "550-5.1.1 (looked for)\n 550 twice")
    ),
    report("only the words know", "no_address", "5.0.0", failed("5.0.0", "550 User unknown in local table")),
    report("only the words know of room", "mailbox_full", "5.0.0", failed("5.0.0", "552 over quota")),
    report("words against spam", "refused", "5.0.0", failed("5.0.0", "554 looks like spam to us")),
    report(
        "no status at all",
        "no_address",
        "",
        "Final-Recipient: rfc822; a@b.example\nAction: failed\nDiagnostic-Code: smtp; 550 no such user",
    ),
    report("odd spelling", "no_address", "5.1.1", "ACTION: Failed (for good)\nstatus: 5.1.1 (nobody)"),
    report("beyond ASCII", "no_address", "5.1.1", failed("5.1.1"), type_="global-delivery-status"),
    report(
        "a list of two, of which one got it",
        "delivered",
        "2.0.0",
        f"{failed('5.1.1')}\n\n{failed('2.0.0', action='delivered')}",
    ),
    report("a list of two, both gone", "no_address", "5.1.1", f"{failed('5.2.2')}\n\n{failed('5.1.1')}"),
]

WITHOUT_STANDARD = [
    plain(
        "an old server",
        "no_address",
        "",
        DAEMON + "Subject: failure notice\n",
        "I tried to hand it over, and in vain.\n<office@offices.example>: no mailbox here by that name",
    ),
    plain(
        "a server that names the failed",
        "no_address",
        "",
        "From: Courier <courier@mx.offices.example>\nX-Failed-Recipients: office@offices.example\n"
        "Auto-Submitted: auto-replied\nSubject: Mail delivery failed: returning it\n",
        "office@offices.example\n    Unrouteable address",
    ),
    plain(
        "a server with a code",
        "refused",
        "5.7.1",
        DAEMON + "Subject: Undeliverable: Your letter\n",
        "Remote server said: 550 5.7.1 we do not want it",
    ),
    plain(
        "in French",
        "mailbox_full",
        "",
        DAEMON + "Subject: =?utf-8?b?w4ljaGVjIGRlIHJlbWlzZQ==?=\n",
        "La boîte aux lettres du destinataire est pleine.",
    ),
    plain(
        "in Russian",
        "no_address",
        "",
        "From: postmaster@mx.offices.example\nSubject: Недоставленное сообщение\n",
        "Адрес office@offices.example не существует.",
    ),
    plain(
        "with the letter below",
        "failed",
        "",
        "From mx Sat Nov 21 09:00:00 2026\n" + DAEMON + "Subject: failure notice\n",
        "It did not work out.\n--- Below this line is a copy of the message.\n\n"
        "Dear Ambassador, an address that does not exist, a mailbox full of spam",
    ),
    plain(
        "a success without structure",
        "delivered",
        "",
        DAEMON + "Subject: Delivery notification: it was a success\n",
        "All is well.",
    ),
    plain(
        "without a reason",
        "failed",
        "",
        DAEMON + "Subject: Returned mail: see below\n",
        "It did not work out, and we are sorry.",
    ),
    plain(
        "a warning",
        "delayed",
        "",
        DAEMON + "Subject: Warning: message delayed 24 hours\n",
        "We go on. The user unknown to us may yet be known.",
    ),
    plain(
        "a warning in its text",
        "delayed",
        "4.4.1",
        DAEMON + "Subject: Delivery Status Notification (Delay)\n",
        "451 4.4.1 no answer. The mail has not yet been delivered; we will keep trying for days.",
    ),
]

AUTOMATIC = [
    plain(
        "as RFC 3834 wants it",
        "automatic",
        "",
        PERSON + "Auto-Submitted: auto-replied (away)\nSubject: Re: Your letter\n",
        "I am away until Monday.",
    ),
    plain(
        "an answering program",
        "automatic",
        "",
        PERSON + "X-Autoreply: yes\nSubject: Your letter\n",
        "We have got it.",
    ),
    plain("bulk", "automatic", "", PERSON + "Precedence: bulk\nSubject: Newsletter\n", "News."),
    plain("in English", "automatic", "", PERSON + "Subject: Out of office: Your letter\n", "Back on Monday."),
    plain("English, too", "automatic", "", PERSON + "Subject: Automatic reply: Your letter\n", "On Monday."),
    plain(
        "in French",
        "automatic",
        "",
        PERSON + "Subject: =?iso-8859-1?q?R=E9ponse_automatique_=3A_votre_lettre?=\n",
        "Je serai de retour lundi.",
    ),
    plain("French, too", "automatic", "", PERSON + "Subject: Re: Absence du bureau\n", "À lundi."),
    plain(
        "in Russian",
        "automatic",
        "",
        PERSON + "Subject: =?koi8-r?b?4dfUz8/U18XUOiDQydPYzc8=?=\n",
        "Вернусь в понедельник.",
    ),
    plain("Russian, plainly", "automatic", "", PERSON + "Subject: Я в отпуске\n", "До понедельника."),
    plain("Russian, too", "automatic", "", PERSON + "Subject: Автоматический ответ: письмо\n", "Я вернусь."),
    Sample(
        "a receipt of reading",
        "automatic",
        "",
        PERSON
        + "To: {ours}\nSubject: Read: Your letter\nMIME-Version: 1.0\n"
        + 'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\n\n'
        + "--b\nContent-Type: text/plain\n\nIt was displayed.\n\n--b\n"
        + "Content-Type: message/disposition-notification\n\nDisposition: manual; displayed\n\n--b--\n",
    ),
    plain("a greeting of the server", "automatic", "", DAEMON + "Subject: Hello\n", "Nothing to tell."),
]

ANSWERS = [
    plain(
        "a person",
        "answer",
        "",
        PERSON + "Subject: Re: Your letter\n",
        "The Ambassador has read your letter. User unknown, you ask? The mailbox is full of such letters.",
    ),
    plain(
        "a person who says that nothing is automatic",
        "answer",
        "",
        PERSON + "Auto-Submitted: no\nSubject: Re: An automatic reply would be impolite\n",
        "Thank you.",
    ),
    plain("a person, in French", "answer", "", PERSON + "Subject: Votre lettre\n", "Nous vous remercions."),
    plain("a person, in Russian", "answer", "", PERSON + "Subject: Ваше письмо\n", "Благодарим за письмо."),
]

CORPUS = [*REPORTS, *WITHOUT_STANDARD, *AUTOMATIC, *ANSWERS]
