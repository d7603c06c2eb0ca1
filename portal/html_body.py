"""An HTML body made safe to show: sanitised with nh3, for a frame without scripts on an origin of its own.

Three walls, each enough alone: only harmless elements and attributes stay; the page's own policy (`CSP`) loads nothing;
the sandbox runs nothing. The rules: remote images are left out and counted; inline images come from the message itself
as data; every link opens apart and tells its real address.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from urllib.parse import urlsplit

import nh3

CSP = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
SHOWN_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
BLOCK_END = re.compile(r"<br\b|<hr\b|</(?:p|div|li|tr|h\d|blockquote)>")
PICTURE = 5  # lines that an image of the message itself takes, as a guess
DATA_IMAGE = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]+", re.IGNORECASE)


def _words(text: str) -> set[str]:
    return set(text.split())


_TAGS = _words(
    "a abbr b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt em font h1 "
    "h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q rp rt ruby s samp small span strike strong sub sup "
    "table tbody td tfoot th thead time tr tt u ul var wbr"
)
_DROPPED_WITH_CONTENT = _words("script style title head noscript template iframe object embed svg math select")
_SHAPE = {"align", "valign", "width", "height", "bgcolor", "dir", "lang", "title", "style"}
_ATTRIBUTES = {
    "*": _SHAPE,
    "a": {"href"},
    "img": {"src", "alt"},
    "font": {"color", "face", "size"},
    "table": {"border", "cellpadding", "cellspacing", "summary"},
    "td": {"colspan", "rowspan", "nowrap"},
    "th": {"colspan", "rowspan", "nowrap", "scope"},
    "ol": {"start", "type"},
    "col": {"span"},
}
_STYLES = _words(
    "background-color border border-bottom border-collapse border-color border-left border-radius border-right "
    "border-spacing border-style border-top border-width color direction display font font-family font-size "
    "font-style font-variant font-weight height letter-spacing line-height list-style-type margin margin- "
    "bottom margin-left margin-right margin-top max-width min-width padding padding-bottom padding-left "
    "padding-right padding-top text-align text-decoration text-indent text-transform vertical-align white- "
    "space width word-break"
)
_VOID = frozenset({"br", "hr", "img", "col", "wbr"})

_PAGE = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">
<style>
html {{ background: #fff; color: #1c2430; color-scheme: light; }}
body {{ margin: 0; padding: 20px 24px; font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }}
img {{ max-width: 100%; height: auto; }} table {{ max-width: 100%; }} pre {{ white-space: pre-wrap; }}
a {{ color: #0b57a4; }} a:focus-visible {{ outline: 3px solid #0b57a4; outline-offset: 2px; }}
.real-address {{ color: #55606e; font-size: .85em; }}
blockquote {{ margin: .5em 0 .5em 4px; padding-left: 12px; border-left: 3px solid #c9d0d8; }}
</style></head><body>{body}</body></html>
"""


@dataclass(frozen=True, slots=True)
class HtmlBody:
    """A whole page for the frame. `remote_images` were left out; `lines` is about how many the text takes on a desk."""

    page: str
    remote_images: int
    lines: int


def safe_body(html: str, images: Mapping[str, tuple[str, bytes]], *, language: str, title: str) -> HtmlBody:
    """`images` are the message's inline images by Content-ID: (type, content)."""
    remote = 0

    def attribute(tag: str, name: str, value: str) -> str | None:
        nonlocal remote
        if name == "src" and tag == "img":
            source = _image(value.strip(), images)
            remote += scheme_of(value) in ("http", "https")
            return source
        if name == "href":
            return value if scheme_of(value) in ("http", "https", "mailto", "tel") else None
        return None if name == "style" and "url" in value.lower() else value

    cleaned = nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags=_DROPPED_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=attribute,
        filter_style_properties=_STYLES,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    body = _Addresses.tell(cleaned)
    return HtmlBody(
        _PAGE.format(language=escape(language), title=escape(title), body=body),
        remote,
        _lines(cleaned) + PICTURE * html.count("cid:"),
    )


def _lines(html: str) -> int:
    """A guess: the frame's origin is not ours, so nobody can measure it."""
    blocks = [re.sub(r"<[^>]*>|\s+", " ", block).strip() for block in BLOCK_END.split(html)]
    return sum(len(block) // 90 + 1 for block in blocks if block) + html.count("</p") // 2


def scheme_of(url: str) -> str:
    """The scheme in lower case; empty for what is no address."""
    try:
        return urlsplit(url.strip()).scheme.lower()
    except ValueError:
        return ""


def _image(source: str, images: Mapping[str, tuple[str, bytes]]) -> str | None:
    if source.lower().startswith("cid:"):
        found = images.get(source[4:].strip("<>"))
        if found is None or found[0].lower() not in SHOWN_IMAGES:
            return None
        return f"data:{found[0].lower()};base64,{base64.b64encode(found[1]).decode()}"
    return source if DATA_IMAGE.fullmatch(source) else None


class _Addresses(HTMLParser):
    """Writes clean HTML again, telling the host of each link whose text does not."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.host = ""
        self.words: list[str] = []

    @classmethod
    def tell(cls, html: str) -> str:
        writer = cls()
        writer.feed(html)
        writer.close()
        return "".join(writer.out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        if tag == "a" and fields.get("href"):
            self.host, self.words = _host(fields["href"] or ""), []
            fields["title"] = fields["href"]
        self.out.append("<" + tag + "".join(f' {name}="{escape(value or "")}"' for name, value in fields.items()) + ">")

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            return
        self.out.append(f"</{tag}>")
        if tag == "a" and self.host:
            if self.host.lower() not in "".join(self.words).lower():
                self.out.append(f' <span class="real-address">({escape(self.host)})</span>')
            self.host = ""

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        self.out.append(escape(data, quote=False))


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.hostname or "" if parts.scheme in ("http", "https") else ""
