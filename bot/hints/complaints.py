"""The complaints that a text can make about a coding: its vocabulary, apart from the reasoning in `coding`.

DIM stands for any dimension's name. Words are added here when a meaning is worded in a new way.
"""

from __future__ import annotations

import re

from bot.hints.reading import DIMENSIONS, VALUE
from bot.hints.text import bounded

DIMENSION_WORDS = "|".join(sorted(map(re.escape, DIMENSIONS), key=len, reverse=True))

_MISSING = (
    r"requir(?:es?|ed|ing|ement)\b|mandatory|missing\b|obligatory|compulsory|without (?:an?|any|the|"
    r"its)\b|blank\b|empty\b|omitted|absent\b|lacks?\b|lacking\b|null\b|unspecified|not (?:been |"
    r"yet )?(?:specified|provided|supplied|given|entered|populated|set\b(?! up)|filled|assigned(?! to)|"
    r"present\b|included|coded|selected|chosen|tagged|completed)|no value|short of|"
    "(?:gl )?account (?:number )?(?:was|is|has been) (?:not )?(?:given|provided) |"
    r"only (?:\w+ ){0,3}with an?\b|tagged with|have to be|(?:must|should|has to) accompany|wants?\b|"
    "does not (?:have|carry|contain|include|specify|name|state|identify)|do not (?:have|carry|contain|"
    "include|specify|name|state|identify)|ha(?:ve|s) to (?:have|carry|show|include|contain|specify|name|"
    r"be (?:specified|provided|given|entered|filled|set|selected|chosen))|unless (?:an?|the)\b|needs?\b|"
    "needed|must (?:also |always )?(?:have|carry|show|indicate|identify|reference|hold|list|include|"
    "contain|specify|name|provide|bear|come with|state|be (?:specified|provided|supplied|given|entered|"
    "populated|filled|set|present|selected|coded|included|assigned|completed|accompanied|tagged|stated|"
    r"on every|chosen))|expect(?:s|ed)? (?:an?|the|some)\b|expects?\b|calls for|demands?|insists?|"
    r"cannot be (?:posted|used|booked|saved|recorded) without|is a must|no (?=DIM\b(?! (?:\w+ )?(?:found|"
    r"with|match\w*|named|called|by|exists?|that|for «|has the)))|(?:was|were|is|are) none\b|none (?:was|"
    r"were|is)\b|came with no|carries no|has no\b|with no\b|left out"
)
_INACTIVE = (
    "inactive|in-?activated|in-active|shut(?: down)?|turned off|passed its|deactivated|not (?:currently |"
    "yet |set to |marked (?:as )?)?(?:active|open)|no longer (?:active|in use|available|open|valid|used|"
    r"usable|accept\w*)|ceased|stopped being|out of (?:use|service)|defunct|gone\b|dormant|dead\b|"
    "wound up|phased out|cancel+ed|accepts? no (?:more|further)|not in use|hidden|withdrawn|merged|"
    "disabled|retired|archived|suspended|terminated|discontinued|obsolete|expired|on hold|hold status|"
    "switched off|turned off|closed|completed|finished|has ended|ended|deleted|removed|blocked|off hold|"
    r"activate\b|re-?activate\b|prevents?\b|status"
)
_INVALID = (
    r"invalid|no longer exists?|not (?:a |an |any |one of )?(?:\w+ )?(?:valid|known|recogni[sz]ed|"
    "existing|acceptable|legitimate)|does not (?:match|exist|identify|correspond|refer|resolve|appear)|"
    "do not (?:match|exist)|non-?existent|not (?:be )?(?:found|located|resolved|matched|identified|"
    "recogni[sz]ed|validated|listed|set up|defined|on file|available|visible|shared|in the (?:list|chart|"
    "company|system|books)|part of|exist|configured|created|known)|cannot (?:be )?(?:find|locate|resolve|"
    r"match|identify|recogni[sz]e|see|validate|use)\b|could not (?:find|locate|resolve|match|identify|"
    r"recogni[sz]e|see|validate)\b|did not (?:find|match|recogni[sz]e)|unable to (?:find|locate|resolve|"
    r"match|identify|validate)|unknown|unrecogni[sz]ed|no (?:\w+ )?(?:match\w*|such)|not (?:be |"
    "been )?(?:set up|registered|on the|among|one (?:we|of|that))|no (?:active|valid|existing|known|"
    r"current|open|live|usable|matching) (?=DIM|account|card|gl)|no (?:\w+ )?(?:DIM|account|card|"
    r"vendor)\w* (?:\w+ ){0,2}(?:set up|configured|defined|with|matching|matches|by|named|called|found|"
    "exists|for|has)|matches no|names no|is no (?=DIM|account)|(?:failed|failing) (?:validation|"
    "to resolve|look-?up)|look-?up failed|does not belong to (?:this|the|your|that) (?:entity|company)|"
    r"cannot be (?:found|located|resolved|matched|identified|recogni[sz]ed|used)|misspel\w+|bad\b|wrong\b|"
    r"incorrect|not an? (?=DIM)|nothing (?:\w+ ){0,5}(?:found|match\w*)"
)
_RESTRICTED = (
    r"restrict\w*|only (?:the )?(?=DIM)|closed to (?:the )?(?:DIM)|not (?:be )?(?:allowed|permitted|"
    "eligible|compatible|associated|related|linked|assigned to|enabled for|available (?:to|for|with|in) (?:the |this |that |your )?DIM|valid (?:with|in combination|"
    "for (?:the |this |that |your )?(?:gl |selected |chosen )?(?:account|DIM))|belong|a (?:child|"
    "resource|member|part)|be (?:used|combined)|combinable)|cannot be (?:combined|applied|selected|"
    "charged|paired|mixed|used (?:with|for|in|on|together)|posted (?:with|to|against))|"
    r"may not be (?:used|combined|charged)|disallow\w*|prohibit\w*|forbidden|forbids?|incompatible|"
    "combination|relationships?|conflicts?|does not (?:belong|relate|correspond to the|go with|apply to|"
    "accept|allow|permit)|do not (?:belong|go together|match each)|belongs? to (?:a different|another|"
    "other|customer)|auto-?(?:matically )?-?(?:filled|populated|set)|automatically (?:filled|populated|"
    r"set)|excluded|cannot go|only available|reserved for|exclusive\w*|only (?:\w+ |«\d+» |,){0,6}(?:can|"
    "may) be|off[- ]limits|only (?:be )?(?:used|allowed|valid|permitted|combined|accepts?)|limited to|"
    r"mismatch\w*|do(?:es)? not match (?:the|its|your)"
)


def _any(pattern: str, *, whole_words: bool = True) -> re.Pattern[str]:
    spelled = bounded(pattern).replace("DIM", f"(?:{DIMENSION_WORDS})")
    return re.compile(rf"\b(?:{spelled})" if whole_words else spelled, re.IGNORECASE)


MISSING = _any(_MISSING)
INACTIVE = _any(_INACTIVE)
INVALID = _any(_INVALID)
RESTRICTED = _any(_RESTRICTED)

WEAKLY_RESTRICTED = _any(
    "cannot be|may not be|(?:do(?:es)? )?not (?:be )?(?:allowed|permitted|used|eligible|belong)|prohibit|disallow",
    whole_words=False,
)
"""Words that say "not allowed" of a thing alone as well as of two things together."""

NO_DIRECT_POSTING = _any(
    r"direct(?:ly)? ?post\w*|post\w* direct(?:ly)?|manual (?:entr\w+|journal\w*|post\w*)|"
    r"journal entr\w+ (?:are|is) not|control account|sub-?ledger[- ](?:control|only|entries)|(?:only|"
    r"posted to|posted) (?:\w+ ){0,5}?(?:by|from|through|via|in) (?:an? |the |its )?(?:\w+ ){0,2}?sub-?ledgers?|"
    r"direct (?:entr\w+|journal\w*)|summary account|statistical account|header account|"
    "not (?:a )?post(?:ing|able)",
    whole_words=False,
)
BELONGS_TO = _any(
    r"associat\w+|linked|tied|belongs|assigned|attached|mapped|reserved|used (?:by|for|as)|offset|"
    "connected|is (?:an?|the) (?=(?:bank|cash|credit|charge|checking|card))|(?:set up|defined) (?:as|"
    "for)|owned by|in use by|'s (?:own )?(?:gl )?account",
    whole_words=False,
)
"""An account that is a card's or a bank's own."""

NOT_EACH_OTHERS = _any(
    r"not (?:\w+ )?(?:associated|related|linked|assigned|attached|a (?:child|resource|member)|belong)|"
    "do(?:es)? not (?:belong|match|relate|correspond|go with|fit)|belongs? to (?:a different|another)|"
    "different customers?|mismatch|cannot go with|not one of",
    whole_words=False,
)
"""A project and a customer that are not each other's."""

FILLED_IN = _any(
    r"\bauto-?(?:matically )?-?\s?(?:filled|populated|set|derived)|derived|automatically (?:filled|"
    "populated|set|derived)|relationship",
    whole_words=False,
)
FILL_IN = re.compile(
    r"\b(?:enter|specify|select|provide|supply|choose|assign|add|fill in|indicate|pick|include)\b (?:an?|"
    r"the|your|at least one)? ?(?!valid|different|another|active|other|correct)(?:\w{1,40} ){0,2}$",
    re.IGNORECASE,
)
"""An order to fill something in, right before the thing."""

MUST_BE = re.compile(
    rf"\b(?:must|should|has to|needs to|ought to|shall) (?:be|equal|match) (?:to )?(?P<value>{VALUE})"
    rf"|\bexpected (?P<other>{VALUE})",
    re.IGNORECASE,
)
NOT_THERE = _any(r"\b(?:does not exist|not found|no such|cannot be found|unknown)\b", whole_words=False)
