"""An organizer's Markdown as safe HTML."""

from __future__ import annotations

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup

TAGS = {"p", "em", "strong", "a", "ul", "ol", "li", "blockquote", "h3", "br"}

_markdown = MarkdownIt("commonmark", {"html": False})


@lru_cache(maxsize=64)
def story_html(markdown: str) -> Markup:
    """Return CommonMark as HTML that holds nothing but paragraphs, lists, emphasis and links.

    Args:
        markdown: what an organizer typed. Raw HTML in it is shown as text.
    """
    html = nh3.clean(
        _markdown.render(markdown),
        tags=TAGS,
        attributes={"a": {"href"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer",
    )
    return Markup(html)  # noqa: S704 (cleaned one line above)
