"""Every room's tables, imported in one place so that the metadata is whole whoever asks for it."""

from app import content
from app.campaigns import models as campaigns
from app.delivery import models as delivery
from app.delivery import pacing, stops
from app.evidence import models as evidence
from app.letters import models as letters
from app.letters import own_sending
from app.letters.joint import models as joint_letters
from app.letters.privacy import models as privacy
from app.letters.replies import models as replies
from app.letters.updates import models as updates
from app.organizers import models as organizers
from app.recipients import areas, corrections
from app.recipients import models as recipients
from app.recipients.importer import uploads
from app.security import audit, options, rate_limits
from app.supporters import models as supporters
from app.supporters import silence

__all__ = [
    "areas",
    "audit",
    "campaigns",
    "content",
    "corrections",
    "delivery",
    "evidence",
    "joint_letters",
    "letters",
    "options",
    "organizers",
    "own_sending",
    "pacing",
    "privacy",
    "rate_limits",
    "recipients",
    "replies",
    "silence",
    "stops",
    "supporters",
    "updates",
    "uploads",
]
