"""Words by which mail servers are understood that follow no standard, or say less than they know."""

from __future__ import annotations

import re
from typing import Final


def _any(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE)


NO_ADDRESS: Final = _any(
    r"user unknown|unknown user|unknown (?:e-?mail )?(?:address|recipient|mailbox)",
    r"no such (?:user|mailbox|recipient|address|account|person)|no mailbox (?:here )?by that name",
    r"(?:user|mailbox|recipient|address|account)\b[^\n]{0,80}?(?:does not|doesn.t|did not) exist",
    r"(?:user|mailbox|recipient|address|account)\b[^\n]{0,80}?(?:not found|could(?: not|n.t) be found)",
    r"(?:user|mailbox|recipient|address|account)\b[^\n]{0,80}?(?:is unknown|is invalid|has been disabled)",
    r"invalid (?:recipient|mailbox|e-?mail address)|unrouteable address|all recipient addresses rejected",
    r"recipient address rejected: access denied",
    r"utilisateur inconnu|(?:adresse|destinataire|bo[iî]te)[^\n]{0,60}?(?:introuvable|inconnu|inexistant)",
    r"(?:adresse|destinataire|bo[iî]te)[^\n]{0,60}?n.existe (?:pas|plus)",
    r"(?:пользовател|адрес|ящик)\w*[^\n]{0,60}?не (?:найден|существует)|нет такого (?:пользователя|адреса)",
)
FULL: Final = _any(
    r"mailbox (?:is |size )?(?:full|exceeded)|mailbox has (?:reached|exceeded)|over ?quota",
    r"quota (?:is )?(?:exceeded|full)|exceed\w* (?:its |the |their )?(?:storage|quota|mailbox)",
    r"insufficient (?:mailbox )?storage|bo[iî]te[^\n]{0,40}?(?:pleine|satur[ée]e)|quota d[ée]pass[ée]",
    r"ящик\w*[^\n]{0,40}?(?:переполнен|заполнен)",
)
REFUSED: Final = _any(
    r"\bspam\b|black ?list|block ?list|\bblocked\b|\bpolicy\b|\bdmarc\b|\bspf\b|reputation|unsolicited",
    r"content (?:was )?rejected|ind[ée]sirable|спам|отклонен\w* (?:фильтром|политикой)",
)
TOO_FAST: Final = _any(r"too (?:quickly|fast|many)|rate limit|at a rate")
STILL_TRYING: Final = _any(
    r"(?:delivery|message|mail)\b[^\n]{0,40}?(?:delayed|deferred|not yet been delivered)",
    r"warning: could not send|still (?:being )?(?:trying|retried)|will (?:keep|continue) trying",
    r"retard[ée]e?\b|задерж(?:ана|ано|ка)",
)
FAILED_SUBJECT: Final = _any(
    r"undeliver(?:ed|able)|returned (?:mail|to sender)|failure notice|could not be delivered",
    r"mail delivery (?:failed|failure|system)|delivery (?:status notification|(?:has )?failed|failure)",
    r"delivery notification|non[ -]remis|[ée]chec (?:de (?:la )?)?(?:remise|distribution|livraison)",
    r"недоставлен|не (?:может быть |был[ао]? |удалось )?доставлен|возвращен\w* письмо|ошибка доставки",
)
SUCCEEDED_SUBJECT: Final = _any(r"success|\brelayed\b|has been delivered")
ORIGINAL: Final = re.compile(
    r"^(?:-{2,}.*(?:copy|original|below|message|letter|копия|copie).*|(?:return-path|received|message-id):.*)$",
    re.IGNORECASE | re.MULTILINE,
)
"""Where the mail that came back begins: its own words tell nothing of why."""
MACHINE: Final = _any(r"(?:^|<|\s)(?:mailer-daemon|postmaster|mail-daemon|mdaemon)@")
AWAY_SUBJECT: Final = re.compile(
    r"^(?:(?:re|aw|r[ée]p?|sv|отв|на)\s*:\s*)*(?:"
    r"auto(?:matic)?[ -]?(?:reply|response|answer)|out of (?:the )?office|ooo\b|away from (?:the )?office"
    r"|on (?:annual )?leave\b|vacation|i am (?:currently )?(?:away|out of)"
    r"|r[ée]ponse automatique|absence du bureau|absente? (?:du bureau|jusqu)|en cong[ée]s?\b"
    r"|автоматический ответ|автоответ|вне офиса|нет на (?:рабочем )?месте|(?:я )?в отпуске|отсутствую"
    r")",
    re.IGNORECASE,
)
"""As a last resort: only at the beginning of a subject, where mail programs put it."""
