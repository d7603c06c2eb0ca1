"""Microsoft Presidio as a peer, in a Python of its own: Zegel does not depend on it.

    python -m venv PEER; PEER/bin/pip install presidio-analyzer
    PEER/bin/python benchmarks/presidio_peer.py < texts.json > found.json

Reads `{"texts": [...]}`, if wanted with `"contexts"` (words from elsewhere for each text, such as those of the subject) and
`"entities"` (only these are looked for), and writes `{"seconds": s, "found": [[[entity, start, end, score], ...], ...]}`: one
list for each text, `seconds` for the analysis alone. Its best configuration for Dutch without a language model: spaCy's blank
Dutch pipeline (the tokeniser; no names or places are recognised), Presidio's own recognisers that need no model, in Dutch,
and a recogniser for the citizen service number, which it does not ship: the usual spellings, the 11-test, and the words
around it, as a Presidio user would write it. The blank pipeline has no lemmas, by which Presidio looks for those words: each
word stands in for its own. Of 5, 12, 20, 40 and 200 words around a number, 40 did best on the dev mails.
"""

from __future__ import annotations

import json
import sys
import time

import spacy
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    CryptoRecognizer,
    DateRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    PhoneRecognizer,
    UrlRecognizer,
)
from spacy.language import Language
from spacy.tokens import Doc

WORDS = [
    "bsn", "b.s.n.", "burgerservice", "citizen service", "burgerservicenummer", "burgerservicenr", "sofi", "sofinummer",
    "sofi-nummer", "persoonsnummer", "patiënt", "patient", "cliënt", "client", "verzekerde", "identiteitsnummer",
    "geboortedatum",
]  # fmt: skip


class Bsn(PatternRecognizer):
    """Nine digits with or without separators; the 11-test decides, words around it raise the score."""

    def __init__(self) -> None:
        super().__init__(
            supported_entity="NL_BSN",
            supported_language="nl",
            patterns=[
                Pattern("together", r"\b\d{8,9}\b", 0.3),
                Pattern("in groups", r"\b\d{4}[ .-]\d{2}[ .-]\d{3}\b|\b\d{3}[ .-]\d{3}[ .-]\d{3}\b", 0.4),
            ],
            context=WORDS,
        )

    def validate_result(self, pattern_text: str) -> bool | None:
        """False drops a match; None keeps the pattern's score, so that words around it decide."""
        digits = [int(sign) for sign in pattern_text if sign.isdigit()]
        digits = [0] * (9 - len(digits)) + digits
        total = sum(digit * weight for digit, weight in zip(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1), strict=True))
        return None if total % 11 == 0 and any(digits) else False


@Language.component("word_as_lemma")
def word_as_lemma(doc: Doc) -> Doc:
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class BlankDutch(SpacyNlpEngine):
    """spaCy's Dutch tokeniser without a model."""

    def __init__(self) -> None:
        super().__init__(models=[{"lang_code": "nl", "model_name": "blank"}])

    def load(self) -> None:
        self.nlp = {"nl": spacy.blank("nl")}
        self.nlp["nl"].add_pipe("word_as_lemma")
        self.nlp["nl"].max_length = 10_000_000


def analyzer() -> AnalyzerEngine:
    own = (
        CreditCardRecognizer,
        CryptoRecognizer,
        DateRecognizer,
        EmailRecognizer,
        IbanRecognizer,
        IpRecognizer,
        PhoneRecognizer,
        UrlRecognizer,
    )
    registry = RecognizerRegistry(supported_languages=["nl"])
    for recognizer in own:
        registry.add_recognizer(recognizer(supported_language="nl"))
    registry.add_recognizer(Bsn())
    words = LemmaContextAwareEnhancer(
        context_similarity_factor=0.35,
        min_score_with_context_similarity=0.7,
        context_prefix_count=40,
        context_suffix_count=40,
    )
    return AnalyzerEngine(
        registry=registry, nlp_engine=BlankDutch(), supported_languages=["nl"], context_aware_enhancer=words
    )


def main() -> None:
    asked = json.load(sys.stdin)
    texts, only = asked["texts"], asked.get("entities")
    contexts = asked.get("contexts") or [[]] * len(texts)
    engine = analyzer()
    engine.analyze("Een eerste tekst, om alles te laden: BSN 111222333.", language="nl")
    began = time.perf_counter()
    found = [
        engine.analyze(text, language="nl", context=words, entities=only)
        for text, words in zip(texts, contexts, strict=True)
    ]
    seconds = time.perf_counter() - began
    results = [[[item.entity_type, item.start, item.end, item.score] for item in items] for items in found]
    json.dump({"seconds": seconds, "found": results}, sys.stdout)


if __name__ == "__main__":
    main()
