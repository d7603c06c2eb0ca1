"""Hostile bodies: each would run a script, load something from outside, or leave its frame, if it could."""

OUTSIDE = "https://outside.example"
CALL = f"alert(1);fetch('{OUTSIDE}/x')"

BODIES = (
    f"<script>{CALL}</script>",
    f'<img src=x onerror="{CALL}">',
    f'<svg onload="{CALL}"><script>{CALL}</script></svg>',
    f'<svg><animate onbegin="{CALL}" attributeName=x></svg>',
    f"<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={CALL}&gt;'>",
    f'<a href="javascript:{CALL}">x</a>',
    f'<a href="java\tscript:{CALL}">x</a>',
    f"<a href='data:text/html,<script>{CALL}</script>'>x</a>",
    f'<iframe srcdoc="<script>{CALL}</script>"></iframe>',
    f"<iframe src='{OUTSIDE}/frame'></iframe>",
    f"<object data='{OUTSIDE}/o'></object><embed src='{OUTSIDE}/e'>",
    f"<link rel=stylesheet href='{OUTSIDE}/c.css'><style>@import '{OUTSIDE}/i.css';</style>",
    f'<div style="background:url({OUTSIDE}/b.png)">x</div>',
    f"<div style=\"background-image:url('{OUTSIDE}/b.png');content:url({OUTSIDE}/c)\">x</div>",
    f"<table background='{OUTSIDE}/t.png'><tr><td background='{OUTSIDE}/d.png'>x</table>",
    f"<img src='{OUTSIDE}/p.gif' srcset='{OUTSIDE}/s.gif 2x' lowsrc='{OUTSIDE}/l.gif'>",
    f"<picture><source srcset='{OUTSIDE}/s.webp'><img src='//outside.example/p.png'></picture>",
    f"<video src='{OUTSIDE}/v' poster='{OUTSIDE}/v.png' autoplay></video><audio src='{OUTSIDE}/a'></audio>",
    f"<form action='{OUTSIDE}/f'><input name=code autofocus onfocus=\"{CALL}\"><button>x</button></form>",
    f"<meta http-equiv=refresh content='0;url={OUTSIDE}/m'><base href='{OUTSIDE}/'>",
    f'<body onload="{CALL}"><details open ontoggle="{CALL}">x</details>',
    f'<noscript><p title="</noscript><img src=x onerror={CALL}>">',
    f"<img src='data:image/svg+xml,<svg onload=%22{CALL}%22/>'>",
    f"</style></title></textarea></iframe><script>{CALL}</script>",
    f'<template><img src=x onerror="{CALL}"></template><input type=image src=\'{OUTSIDE}/i\' onerror="{CALL}">',
    f"<!--><img src=x onerror={CALL}>--><![CDATA[<img src=x onerror={CALL}>]]>",
)
WORDS = (
    f'"><img src=x onerror="{CALL}">',
    f"</title><script>{CALL}</script>",
    f"{{{{ 7*7 }}}}' onmouseover='{CALL}",
    "photo\u202egnp.exe<script>alert(1)</script>",
)
