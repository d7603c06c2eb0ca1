"""What a live check says to the person who writes: what was found, what will happen, what is still needed.

Sentences are English here and translated by portal/locale. They name files as their writer did, and never what was found in
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.core.decision import Action
from gateway.core.directives import VerificationKind
from gateway.core.finding import Finding, Unscannable
from gateway.service.live_check import ATTACHMENT, Checked
from portal.languages import translations

FEW = 3  # things that a headline names


class CheckWords:
    """In one language; `title` gives the title of a rule."""

    def __init__(self, language: str, title: Callable[[str], str]) -> None:
        self._translations = translations(language)
        self._title = title

    def headline(self, checked: Checked, not_sent: Sequence[str]) -> str:
        """For the bar above the message."""
        sentences = [
            self._found(checked),
            *self._unread(checked),
            *checked.mistakes,
            *self._not_sent(not_sent),
            self._consequence(checked),
        ]
        return " ".join(sentence for sentence in sentences if sentence)

    def _found(self, checked: Checked) -> str:
        things = list(dict.fromkeys(self.thing(found.finding) for found in checked.found if found.decisive))
        if not things:
            return ""
        _ = self._translations.gettext
        if len(things) > FEW:
            return _("Found: {things} and more.").format(things=", ".join(things[:FEW]))
        return _("Found: {things}.").format(things=", ".join(things))

    def thing(self, finding: Finding) -> str:
        """A finding and its place."""
        _ = self._translations.gettext
        title = self._title(finding.rule)
        if finding.place.startswith(ATTACHMENT):
            name = finding.place.removeprefix(ATTACHMENT)
            return _("{title} in attachment {name}").format(title=title, name=name)
        if finding.place == "subject":
            return _("{title} in the subject").format(title=title)
        if finding.place == "header":
            return _("{title} in a header line").format(title=title)
        return _("{title} in the text").format(title=title)

    def _unread(self, checked: Checked) -> list[str]:
        return [self.unread(unread.item) for unread in checked.unread if unread.decisive][:1]

    def _not_sent(self, names: Sequence[str]) -> list[str]:
        _ = self._translations
        if len(names) == 1 and names[0]:
            return [_.gettext("{name} will be examined when you send the message.").format(name=names[0])]
        if names:
            words = _.ngettext(
                "{count} attachment will be examined when you send the message.",
                "{count} attachments will be examined when you send the message.",
                len(names),
            )
            return [words.format(count=len(names))]
        return []

    def _consequence(self, checked: Checked) -> str:
        _ = self._translations.gettext
        if checked.mistakes or checked.action is Action.BLOCK:
            return _("It can't be sent like this.")
        if not checked.outcomes:
            return ""
        alike = sum(outcome.decision.action is checked.action for outcome in checked.outcomes)
        if checked.action is Action.SEAL and alike < len(checked.outcomes):
            words = _("It will be sent secured to {some} of {all} recipients.")
            return words.format(some=alike, all=len(checked.outcomes))
        return {
            Action.RELAY: _("It will be sent in the ordinary way."),
            Action.TAG: _("It will be sent in the ordinary way, with a mark."),
            Action.WARN: _("When you have sent it, you choose what happens to it."),
            Action.SEAL: _("It will be sent secured."),
            Action.HOLD: _("When you have sent it, it is reviewed first."),
        }[checked.action]

    def too_large(self) -> str:
        return self._translations.gettext("The message is too large to be sent by mail.")

    def missing(self, kind: VerificationKind) -> str:
        """What the sender still has to give for one recipient."""
        _ = self._translations.gettext
        if kind is VerificationKind.SMS:
            return _("Add the mobile number for the text message with the code; until then the message waits.")
        return _("Agree on a password and add it; until then the message waits.")

    def unread(self, item: Unscannable) -> str:
        """What could not be read, and why."""
        _ = self._translations.gettext
        name = self._place(item.place)
        match item.reason.partition(":")[0]:
            case "encrypted":
                words = _("{name} is encrypted or locked with a password, so it can't be examined.")
            case "unknown-type":
                words = _("{name} is a kind of file that can't be examined.")
            case "broken":
                words = _("{name} is damaged, so it can't be examined.")
            case "no-text" | "image":
                words = _("{name} is an image or a scan; text in it is not examined.")
            case "limit":
                words = _("{name} is too large or too complex to be examined whole.")
            case "ambiguous":
                words = _("{name} is written in a way that not every program reads alike.")
            case _:
                words = _("{name} can't be examined.")
        return words.format(name=name)

    def _place(self, place: str) -> str:
        _ = self._translations.gettext
        if place.startswith(ATTACHMENT):
            return place.removeprefix(ATTACHMENT)
        return {"subject": _("The subject"), "header": _("A header line")}.get(place, _("The text"))
