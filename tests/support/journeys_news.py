"""What comes weeks after a letter, in a tab: telling what came back, stopping news, writing them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator

from playwright.sync_api import Page

from tests.support.journeys import CAMPAIGN, DevelopmentSite
from tests.support.journeys_browser import follow, open_page

LATER = "2026-12-20 10:00:00.000000"


def tell_what_came_back(tab: Page, site: DevelopmentSite) -> Iterator[str]:
    """As if two weeks had gone by since the newest letter, whose page is open before and after."""
    letter, token = tab.url, uuid.uuid4().hex
    newest = "SELECT id FROM letters WHERE confirmed_at IS NOT NULL ORDER BY confirmed_at DESC LIMIT 1"
    asked = f"INSERT INTO reply_questions (id, letter_id, token_hash, asked_at) VALUES (?, ({newest}), ?, ?)"
    site.execute(asked, uuid.uuid4().hex, hashlib.sha256(token.encode()).digest(), LATER)
    open_page(tab, f"{site.url}/replies/{token}")
    yield "replies"
    follow(tab, tab.get_by_role("button", name="Tell it"))
    yield "replies-with-errors"
    tab.get_by_label("An answer to what I wrote").first.check()
    follow(tab, tab.get_by_role("button", name="Tell it"))
    yield "replies-told"
    follow(tab, tab.get_by_role("link", name="Share its answer").first)
    follow(tab, tab.get_by_role("button", name="Share it"))
    yield "share-with-errors"
    tab.get_by_label("The office’s answer").fill(f"Thank you for your letter. {'Word ' * 40}{'long' * 30}")
    tab.get_by_role("checkbox").check()
    follow(tab, tab.get_by_role("button", name="Share it"))
    yield "share-shared"
    follow(tab, tab.get_by_role("link", name="Back to your offices"))
    follow(tab, tab.get_by_role("link", name="Do not ask me again"))
    yield "replies-stop"
    follow(tab, tab.get_by_role("button", name="Do not ask me again"))
    yield "replies-stopped"
    open_page(tab, letter)


def stop_updates(tab: Page, site: DevelopmentSite) -> Iterator[str]:
    """As if the writer of the newest letter had got an update; the page that was open is so afterwards."""
    page, update, token = tab.url, uuid.uuid4().hex, uuid.uuid4().hex
    place = f"(SELECT id FROM campaigns WHERE slug = '{CAMPAIGN}')"
    columns = "(id, campaign_id, subject, text, edited_at, sent_at, mails)"
    site.execute(
        f"INSERT INTO campaign_updates {columns} VALUES (?, {place}, 'x', 'x', ?, ?, 1)", update, LATER, LATER
    )
    newest = (
        "SELECT supporter_id FROM letters WHERE confirmed_at IS NOT NULL ORDER BY confirmed_at DESC LIMIT 1"
    )
    mail = f"INSERT INTO update_mails (id, update_id, supporter_id, token_hash) VALUES (?, ?, ({newest}), ?)"
    site.execute(mail, uuid.uuid4().hex, update, hashlib.sha256(token.encode()).digest())
    agreed = "INSERT INTO consents (id, supporter_id, purpose, text_version, text, given_at)"
    site.execute(f"{agreed} VALUES (?, ({newest}), 'updates', 'x', 'x', ?)", uuid.uuid4().hex, LATER)
    open_page(tab, f"{site.url}/updates/{token}")
    yield "updates-stop"
    follow(tab, tab.get_by_role("button", name="Send me no more news"))
    yield "updates-stopped"
    open_page(tab, page)


def write_update(tab: Page, site: DevelopmentSite) -> Iterator[str]:
    """From a campaign's page at the desk: an update is drafted, looked at, and asked about."""
    follow(tab, tab.get_by_role("link", name="Updates of this campaign"))
    yield "updates-none"
    follow(tab, tab.get_by_role("link", name="Write an update"))
    follow(tab, tab.get_by_role("button", name="Keep as a draft"))
    yield "update-with-errors"
    tab.get_by_label("Subject").fill("The commission has answered")
    tab.get_by_label("Text").fill(
        f"It will come in March.\n\nhttps://news.example/{'long-address-' * 12}page"
    )
    follow(tab, tab.get_by_role("button", name="Keep as a draft"))
    yield "update"
    follow(tab, tab.get_by_role("link", name="Send it"))
    yield "update-send"
    follow(tab, tab.get_by_role("link", name="Updates", exact=True))
    yield "updates"


def read_shared(tab: Page, site: DevelopmentSite) -> Iterator[str]:
    """From the desk: an answer that a supporter shared is read, and shown on the campaign's page."""
    columns = "(id, delivery_id, campaign_id, recipient_id, cluster, sketch, shared_at)"
    campaign = f"(SELECT id FROM campaigns WHERE slug = '{CAMPAIGN}')"
    copy = f"FROM deliveries WHERE kind = 'letter' AND campaign_id = {campaign} LIMIT 1"
    values = f"SELECT ?, id, campaign_id, recipient_id, ?, x'00', ? {copy}"
    key = uuid.uuid4().hex
    site.execute("DELETE FROM shared_replies")  # of whoever has walked over the public pages before
    site.execute(f"INSERT INTO shared_replies {columns} {values}", key, key, LATER)
    open_page(tab, f"{site.url}/admin/campaigns")
    follow(tab, tab.get_by_role("link", name="Bring them home"))
    follow(tab, tab.get_by_role("link", name="Answers that supporters shared"))
    yield "replies"
    follow(tab, tab.locator(".way a").first)
    yield "reply"
    follow(tab, tab.get_by_role("button", name="Show it"))
    yield "reply-with-errors"
    tab.get_by_label("What is shown").fill(f"Thank you for your letter. {'Word ' * 60}{'long' * 30}")
    follow(tab, tab.get_by_role("button", name="Show it"))
    yield "replies-none"
    open_page(tab, f"{site.url}/campaigns/{CAMPAIGN}#answers")
    tab.locator("details.more summary").last.click()
    yield "replies-shown"
