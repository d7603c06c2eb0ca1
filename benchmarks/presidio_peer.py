"""Microsoft Presidio as a peer of the benchmarks; runs in an environment of its own (presidio-analyzer, spacy).

Reads a JSON object a line from standard input: {"context": ["words", ...], "text": "..."}; writes a JSON line for each:
[[start, end, score], ...] of BSNs. Presidio ships no recogniser for a BSN and no Dutch model is on PyPI; this is what its
documentation recommends: patterns, a check in `validate_result` that throws out what fails the 11-test, and words that
raise the score from 0.4 (low) to 0.75 and more when they stand near. `--all` writes what its other recognisers find too.
"""

import json
import sys
import time

import spacy
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.context_aware_enhancers import LemmaContextAwareEnhancer
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from spacy.language import Language

WORDS = [
    "bsn", "burgerservice", "sofi", "persoonsnummer", "citizen", "patiënt", "patient", "cliënt", "verzekerde",
]  # fmt: skip


@Language.component("lower_as_lemma")
def lower_as_lemma(doc):
    """The blank Dutch model has no lemmas, by which Presidio looks for context: the word itself stands in."""
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class Dutch(SpacyNlpEngine):
    def __init__(self):
        super().__init__()
        model = spacy.blank("nl")
        model.add_pipe("lower_as_lemma")
        self.nlp = {"nl": model}


class Bsn(PatternRecognizer):
    def __init__(self):
        patterns = [
            Pattern("digits", r"\b\d{8,9}\b", 0.4),
            Pattern("groups", r"\b(?:\d{4}[ .-]\d{2}[ .-]\d{3}|\d{3}[ .-]\d{3}[ .-]\d{3})\b", 0.4),
        ]
        super().__init__("NL_BSN", patterns=patterns, context=WORDS, supported_language="nl", name="Bsn")

    def validate_result(self, pattern_text):
        digits = "".join(c for c in pattern_text if c.isdigit()).zfill(9)
        total = sum(w * int(d) for w, d in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True))
        return None if total % 11 == 0 and int(digits) else False


def analyzer(every):
    registry = RecognizerRegistry(supported_languages=["nl"])
    if every:
        registry.load_predefined_recognizers(languages=["nl"])
    registry.add_recognizer(Bsn())
    enhancer = LemmaContextAwareEnhancer(
        context_similarity_factor=0.35,
        min_score_with_context_similarity=0.75,
        context_prefix_count=12,
        context_suffix_count=4,
    )
    return AnalyzerEngine(
        registry=registry, nlp_engine=Dutch(), supported_languages=["nl"], context_aware_enhancer=enhancer
    )


def main():
    engine = analyzer("--all" in sys.argv)
    spent, size = 0.0, 0
    for line in sys.stdin:
        mail = json.loads(line)
        start = time.perf_counter()
        found = engine.analyze(mail["text"], language="nl", context=mail["context"])
        spent += time.perf_counter() - start
        size += len(mail["text"].encode())
        print(json.dumps([[item.start, item.end, item.score] for item in found if item.entity_type == "NL_BSN"]))
    print(f"presidio: {size / max(spent, 1e-9) / 1e6:.3f} MB/s", file=sys.stderr)


if __name__ == "__main__":
    main()
