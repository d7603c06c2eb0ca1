"""What docs/policy-reference.md says about the keys of a rule, which `gateway.core.rules` reads; a test holds them together."""

from __future__ import annotations

from gateway.core.reference import Told

RULE_KEYS: tuple[Told, ...] = (
    Told("title", "`title.nl`, `title.en`", "what people read", "required"),
    Told(
        "pattern",
        "text or list",
        "one or more regular expressions (Hyperscan's PCRE subset), in single quotes. A rule has this or `keywords`",
    ),
    Told("case_sensitive", "`true` `false`", "for `pattern`; words are found in any case", "`false`"),
    Told("validator", "a name from the list below", "confirms what a pattern found"),
    Told(
        "keywords",
        "list",
        'words and phrases that stand alone; a star at the end stands for the rest of a word: `"diagnos*"`',
    ),
    Told("at_least", "number", "so many *different* keywords must stand within `window` of each other", "`1`"),
    Told("confidence", "`low` `medium` `high`", "of a match without any word around it", "`low`"),
    Told("near", "list", "words that make a match probable"),
    Told("not_near", "list", "labels that make it improbable, looked for in the 40 characters before it"),
    Told("near_required", "`true` `false`", "without a `near` word within `window` nothing is found", "`false`"),
    Told(
        "window",
        "number",
        "characters on either side for `near`; with `at_least`, the room in which the keywords stand",
        "`300`",
    ),
    Told(
        "several",
        "number",
        "so many different valid values, at least three quarters of all look-alikes, are of medium confidence without a word",
        "never",
    ),
    Told("list", "name", "only what stands in this list of your own is found; see below"),
    Told("fingerprint", "name", "instead of a pattern: a text that holds one of these documents; see below"),
    Told("containment", "10 to 100", "percent of a document's fingerprints that must stand in a text", "`50`"),
    Told("tags", "list", "names by which policies take several rules together"),
    Told("match", "list", "examples that it must find; use made-up numbers", "required"),
    Told("no_match", "list", "examples that it must not find", "required"),
    Told("enabled", "`true` `false`", "`false` in a site file takes the rule away", "`true`"),
)
