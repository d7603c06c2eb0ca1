"""HTML: what a reader sees, what the source says, and what style sheets make of it."""

# ruff: noqa: E501 - one case, one line
from __future__ import annotations

import base64

from tests.vectors.evasions.case import NUMBER, SECRET, Case, found, html

_CELLS = "".join(f"<td>{digit}</td>" for digit in NUMBER)
_B64 = base64.b64encode(SECRET.encode()).decode()


def _each(form: str) -> str:
    """Every digit in a form of its own; `{}` stands for the digit, `{:d}` for its code point."""
    return "".join(form.replace("{:d}", str(ord(digit))).replace("{:x}", f"{ord(digit):x}").replace("{}", digit) for digit in NUMBER)  # fmt: skip


PAGES = {
    "span-each-digit": "BSN " + _each("<span>{}</span>"),
    "bold-each-digit": "BSN " + _each("<b><i>{}</i></b>"),
    "font-tags": "BSN <font color=red>111</font><font>222</font><font>333</font>",
    "anchor-inside": 'BSN 111<a name="x"></a>222<a href="#">333</a>',
    "empty-elements": "BSN 1<b></b>1<i></i>1<u></u>222333",
    "comment-each-digit": "BSN " + _each("{}<!-- x -->"),
    "bogus-comment": "BSN 111<? x ?>222<!x>333",
    "cdata": "BSN <![CDATA[111222333]]>",
    "word-break": "BSN 111<wbr>222<wbr/>333",
    "soft-hyphen": "BSN 111&shy;222&#173;333",
    "zero-width-entities": "BSN 111&ZeroWidthSpace;222&NoBreak;333",
    "no-break-entities": "BSN 111&nbsp;222&#160;333",
    "thin-space-entities": "BSN 111&thinsp;222&#8239;333",
    "dash-entities": "BSN 111&ndash;222&#x2013;333",
    "entities-decimal": "BSN " + _each("&#{:d};"),
    "entities-hex": "BSN " + _each("&#x{:x};"),
    "entities-no-semicolon": "BSN " + _each("&#{:d} ").replace(" ", ""),
    "entities-leading-zeros": "BSN " + _each("&#0000{:d};"),
    "entities-named": "BSN 111&period;222&period;333",
    "entities-superscript": "BSN &sup1;&sup1;&sup1;&sup2;&sup2;&sup2;&sup3;&sup3;&sup3;",
    "entities-twice": "BSN " + _each("&amp;#{:d};"),
    "label-in-entities": "&#66;&#83;&#78; 111222333",
    "label-cut": "B<b></b>S<b></b>N 111222333",
    "line-breaks": "BSN 111<br>222<br>333",
    "paragraphs": "<p>BSN<p>111<p>222<p>333",
    "blocks-inline": 'BSN <div style="display:inline">111</div><div style="display:inline">222</div><div style="display:inline">333</div>',
    "floating-blocks": "BSN " + _each('<div style="float:left">{}</div>'),
    "flex": 'BSN <div style="display:flex">' + _each("<div>{}</div>") + "</div>",
    "list-items": "BSN <ul><li>111<li>222<li>333</ul>",
    "table-cell-each-digit": f"<table><tr><td>BSN</td>{_CELLS}</tr></table>",
    "table-cell-each-three": "<table><tr><td>BSN<td>111<td>222<td>333</table>",
    "table-row-each-digit": "<table><tr><th>BSN</th></tr>" + _each("<tr><td>{}</td></tr>") + "</table>",
    "table-nested": f"<table><tr><td>BSN<td><table><tr>{_CELLS}</tr></table></table>",
    "table-label-above": "<table><tr><th>Naam<th>BSN</tr><tr><td>Jansen<td>111222333</tr></table>",
    "table-label-far-above": "<table><tr><th>Naam<th>BSN</tr>"
    + "<tr><td>Wordt later ingevuld<td>onbekend</tr>" * 30
    + "<tr><td>Jansen<td>111222333</tr></table>",
    "hidden-display-none": f'<div style="display:none">{SECRET}</div>Dag',
    "hidden-zero-font": f'<span style="font-size:0">{SECRET}</span>Dag',
    "hidden-white": f'<span style="color:#fff;background:#fff">{SECRET}</span>Dag',
    "hidden-off-screen": f'<p style="position:absolute;left:-9999px">{SECRET}</p>Dag',
    "hidden-attribute": f"<p hidden>{SECRET}</p>Dag",
    "noise-display-none": 'BSN 111<span style="display:none">987</span>222<span style="display:none">abc</span>333',
    "noise-zero-font": 'BSN 111<span style="font-size:0px">x9x</span>222<font style="font-size:0">4</font>333',
    "noise-hidden-attribute": "BSN 111<span hidden>000</span>222<span hidden>1</span>333",
    "noise-by-class": "<style>.n{display:none}</style>BSN 111<b class=n>987</b>222<b class=n>x</b>333",
    "noise-script": "BSN 111<script>var a = 9;</script>222<style>b{}</style>333",
    "css-before": '<style>p:before{content:"BSN 111222333"}</style><p>Dag',
    "css-after-pieces": '<style>a:after{content:"222"}b:after{content:"333"}</style>BSN 111<a></a><b></b>',
    "css-content-escapes": '<style>p:before{content:"BSN \\31\\31\\31\\32\\32\\32\\33\\33\\33"}</style><p>Dag',
    "css-comment": f"<style>/* {SECRET} */</style><p>Dag",
    "css-variable": '<p style="--bsn:111222333">Dag',
    "css-url": f"<p style=\"background:url('https://a.example/?bsn={NUMBER}')\">Dag",
    "direction-bdo": 'BSN <bdo dir="rtl">333222111</bdo>',
    "direction-style": 'BSN <span style="unicode-bidi:bidi-override;direction:rtl">333222111</span>',
    "direction-override": "BSN &#8238;333222111&#8236;",
    "flex-reverse": 'BSN <span style="display:inline-flex;flex-direction:row-reverse"><i>333</i><i>222</i><i>111</i></span>',
    "comment": f"<!-- {SECRET} -->Dag",
    "conditional-comment": f"<!--[if mso]><p>{SECRET}</p><![endif]-->Dag",
    "conditional-comment-split": "<!--[if mso]>BSN 111<b>222</b><i>333</i><![endif]-->Dag",
    "downlevel-revealed": f"<![if !mso]>{SECRET}<![endif]>Dag",
    "attribute-title": f'<p title="{SECRET}">Dag',
    "attribute-alt": f'<img src="cid:x" alt="{SECRET}">',
    "attribute-aria-label": f'<p aria-label="{SECRET}">Dag',
    "attribute-data": f'<p data-bsn="{NUMBER}">Dag',
    "attribute-value": f'<input type="text" value="{SECRET}">',
    "attribute-hidden-input": f'<input type="hidden" name="bsn" value="{NUMBER}">',
    "attribute-placeholder": f'<input placeholder="{SECRET}">',
    "attribute-unquoted": f"<p title=BSN&nbsp;{NUMBER}>Dag",
    "attribute-entities": 'Dag <p title="BSN ' + _each("&#{:d};") + '">',
    "attribute-id": f'<p id="bsn-{NUMBER}">Dag',
    "attribute-class": f'<p class="bsn{NUMBER}">Dag',
    "attribute-event": f"<p onclick=\"alert('{SECRET}')\">Dag",
    "attribute-unknown": f'<p x-iets="{SECRET}">Dag',
    "link-query": f'<a href="https://dossier.example/?bsn={NUMBER}">Open</a>',
    "link-percent": '<a href="https://dossier.example/?bsn=' + _each("%{:x}") + '">Open</a>',
    "link-mailto": f'<a href="mailto:a@b.example?subject=BSN%20{NUMBER}">Schrijf</a>',
    "link-tel": 'Het BSN is <a href="tel:111222333">hier</a>',
    "link-fragment": f'<a href="https://dossier.example/#bsn={NUMBER}">Open</a>',
    "image-source": f'<img src="https://dossier.example/bsn/{NUMBER}.png">',
    "image-source-set": f'<img srcset="https://a.example/bsn{NUMBER}.png 2x">',
    "data-url-text": f'<a href="data:text/plain,BSN%20{NUMBER}">Open</a>',
    "data-url-base64": f'<a href="data:text/html;base64,{_B64}">Open</a>',
    "data-url-frame": f'<iframe src="data:text/html,<p>{SECRET}"></iframe>',
    "frame-srcdoc": '<iframe srcdoc="&lt;p&gt;BSN 111&lt;b&gt;222&lt;/b&gt;333"></iframe>',
    "svg-text": "<svg><text>BSN <tspan>111</tspan><tspan>222</tspan><tspan>333</tspan></text></svg>",
    "svg-title": f"<svg><title>{SECRET}</title><desc>x</desc></svg>",
    "svg-placed": "<svg>BSN " + _each('<text x="{}">{}</text>') + "</svg>",
    "mathml": "<math><mtext>BSN</mtext><mn>111</mn><mn>222</mn><mn>333</mn></math>",
    "mathml-annotation": f'<math><semantics><mn>1</mn><annotation encoding="text/plain">{SECRET}</annotation></semantics></math>',
    "template": f"<template><p>{SECRET}</p></template>Dag",
    "noscript": f"<noscript>{SECRET}</noscript>Dag",
    "noframes": f"<noframes>{SECRET}</noframes>Dag",
    "textarea": f"<textarea>{SECRET}</textarea>",
    "select": "<select><option>BSN 111222333</select>",
    "details": f"<details><summary>Meer</summary>{SECRET}</details>",
    "title-element": f"</body><title>{SECRET}</title>Dag",
    "object-fallback": f'<object data="x"><p>{SECRET}</p></object>',
    "xmp": "<xmp>BSN 111222333</xmp>",
    "plaintext": "<plaintext>BSN 111222333",
    "script-string": f"<script>var bsn = '{NUMBER}';</script>Dag",
    "script-json": f'<script type="application/ld+json">{{"bsn": "{NUMBER}"}}</script>Dag',
    "meta": f'<meta name="description" content="{SECRET}">Dag',
    "ruby": "BSN <ruby>111<rt>222</rt></ruby>333",
    "superscripts": "BSN <sup>111</sup><sub>222</sub><sup>333</sup>",
    "broken-tag": "BSN 111<b222333",
    "unclosed-comment": "Dag <!-- BSN 111222333",
    "unclosed-attribute": '<p title="BSN 111222333',
    "nul-in-tag": "BSN 111<b\x00>222</b>333",
    "upper-case": "<P>BSN 111<SPAN>222</SPAN><FONT>333</FONT>",
    "namespaces": "<o:p>BSN 111</o:p><st1:x>222</st1:x><o:p>333</o:p>",
    "outlook-xml": f"<!--[if gte mso 9]><xml><o:Note>{SECRET}</o:Note></xml><![endif]-->Dag",
    "numbered-by-browser": '<ol start="111222333"><li>is het BSN</ol>',
    "progress": '<meter value="111222333" max="999999999">BSN</meter>',
}


def cases() -> dict[str, Case]:
    return {
        f"html-{name}": found(html(page), "*" if name.startswith("data-url") else "body")
        for name, page in PAGES.items()
    }
