"""What a rule is: a cause, and the meaning patterns that tell it.

Patterns see a `Reading`: foreign values are «n», dates §n§, line numbers, money and error numbers are gone. A rule asks
for several ideas (a thing, a complaint), each with its synonyms; words that many rules share have a name in capitals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.hints.reading import VALUE
from bot.hints.text import bounded
from bot.models import Level


@dataclass(frozen=True, slots=True)
class Rule:
    """`wants` must all be found, `unless` must not; `levels` empty means everywhere."""

    cause: str
    wants: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None = None
    levels: frozenset[Level] = frozenset()

    def fits(self, text: str, level: Level) -> bool:
        return (
            (not self.levels or level in self.levels)
            and all(want.search(text) for want in self.wants)
            and not (self.unless and self.unless.search(text))
        )


_WORDS = {
    "VALUE": VALUE,
    "NOT": "(?:not|never|no longer|cannot|could not|unable to|may not|must not)",
    "FORBID": "(?:(?:does|do|did|will) not (?:allow|permit|accept|trust|authori[sz]e|let)|"
    "not (?:been )?(?:authori[sz]ed|permitted|allowed|approved|entitled|trusted|granted|enabled|"
    "whitelisted|listed)|unauthori[sz]ed|denied|refused|rejected|forbidden|no (?:access|right|rights|"
    "permission|authori[sz]ation)|blocked|revoked|withdrawn)",
    "CLOSED": "(?:closed|locked|shut|frozen|not (?:been |yet |currently )?(?:open(?:ed)?)|not accept(?:ing)?|"
    r"no longer (?:open|accept\w*)|read[- ]only|finali[sz]ed|sealed|not available for posting)",
    "PERIOD": r"(?:accounting(?= for)|(?:accounting|fiscal|financial|reporting|posting|gl)?\s?periods?|books?|"
    "sub-? ?ledgers?|(?:general )?ledgers?|(?:accounting |fiscal )?(?:months?|quarters?|years?)|"
    "january|february|march|april|june|july|august|september|october|november|december|cash management|"
    "month[- ]?end)",
    "GONE": "(?:expired|lapsed|ended|timed out|invalid|not valid|no longer valid|terminated|stale|not (?:found|"
    "recogni[sz]ed|active))",
    "WRONG": r"(?:incorrect|wrong|invalid|not (?:valid|correct|recogni[sz]ed|accepted|match\w*)|mismatch|unknown|"
    "fail(?:ed|ure)|rejected|could not be (?:verified|validated|authenticated)|bad|do(?:es)? not match)",
    "CARD": "(?:(?:credit|charge|corporate|purchase|liability)[- ]?cards?(?: accounts?| objects?)?(?! (?:trans|"
    r"charges?\b|entr|expense|purchase|payment))|creditcardid|chargecardid|card accounts?)",
}


_WITHIN = r"(?:[^.;]|(?<=\d)\.(?=\d))"
"""What `[^.;]` stands for in a pattern: the same sentence, since the point of 40.00 ends none."""


def _compile(pattern: str) -> re.Pattern[str]:
    spelled = re.sub(r"\{([A-Z]+)\}", lambda found: _WORDS[found[1]], pattern.replace("[^.;]*", "[^.;]{0,120}"))
    return re.compile(bounded(spelled).replace("[^.;]", _WITHIN), re.IGNORECASE)


def rule(cause: str, *wants: str, unless: str = "", levels: str = "") -> Rule:
    allowed = frozenset(Level(one) for one in levels.split())
    return Rule(cause, tuple(map(_compile, wants)), _compile(unless) if unless else None, allowed)
