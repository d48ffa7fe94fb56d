"""Every room's tables, imported in one place so that the metadata is whole whoever asks for it."""

from app.campaigns import models as campaigns
from app.delivery import models as delivery
from app.evidence import models as evidence
from app.letters import models as letters
from app.recipients import models as recipients
from app.supporters import models as supporters

__all__ = ["campaigns", "delivery", "evidence", "letters", "recipients", "supporters"]
