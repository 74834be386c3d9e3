"""Meaning patterns for everything but coding: what an error is about, told from words, not from one known sentence.

Each rule names a hint of the catalogue; the first that matches wins, so the order is part of the meaning. Patterns see
a `Reading`: foreign values are «n», dates §n§, line numbers, money and error numbers are gone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.hints.reading import VALUE
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
    "NOT": r"(?:not|never|no longer|cannot|could not|unable to|may not|must not)",
    "FORBID": r"(?:(?:does|do|did|will) not (?:allow|permit|accept|trust|authori[sz]e|let)|not (?:been )?(?:authori[sz]ed|permitted|allowed|approved|entitled|trusted|granted|enabled|whitelisted|listed)|unauthori[sz]ed|denied|refused|rejected|forbidden|no (?:access|right|rights|permission|authori[sz]ation)|blocked|revoked|withdrawn)",
    "CLOSED": r"(?:closed|locked|shut|frozen|not (?:been |yet |currently )?(?:open(?:ed)?)|not accept(?:ing)?|no longer (?:open|accept\w*)|read[- ]only|finali[sz]ed|sealed|not available for posting)",
    "PERIOD": r"(?:(?:accounting|fiscal|financial|reporting|posting|gl)?\s?periods?|books?|sub-? ?ledgers?|(?:general )?ledgers?|(?:accounting |fiscal )?(?:months?|quarters?|years?)|cash management|month[- ]?end)",
    "GONE": r"(?:expired|lapsed|ended|timed out|invalid|not valid|no longer valid|terminated|stale|not (?:found|recogni[sz]ed|active))",
    "WRONG": r"(?:incorrect|wrong|invalid|not (?:valid|correct|recogni[sz]ed|accepted|match\w*)|mismatch|unknown|fail(?:ed|ure)|rejected|could not be (?:verified|validated|authenticated)|bad|do(?:es)? not match)",
    "CARD": r"(?:(?:credit|charge|corporate|purchase|liability)[- ]?cards?(?: accounts?| objects?)?(?! (?:trans|charges?\b|entr|expense|purchase|payment))|creditcardid|chargecardid|card accounts?)",
}


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{([A-Z]+)\}", lambda found: _WORDS[found[1]], pattern), re.IGNORECASE)


def _rule(cause: str, *wants: str, unless: str = "", levels: str = "") -> Rule:
    allowed = frozenset(Level(one) for one in levels.split())
    return Rule(cause, tuple(map(_compile, wants)), _compile(unless) if unless else None, allowed)


LIMITS = (
    _rule("too-many-requests", r"\b(?:rate[- ]?limit\w*|too many (?:\w+ ){0,3}(?:requests?|calls?|connections?|operations?|sessions?|threads?)|throttl\w+|quota|concurrent (?:\w+ )?(?:limit|requests?|calls?|connections?|operations?)|concurrency)"),
    _rule("too-many-requests", r"\b(?:requests?|calls?|transactions?|operations?|connections?)\b", r"\b(?:exceed\w*|over|above|beyond|more than|reached|maximum|limit of)\b.*\b(?:limit|allowance|allowed|permitted|maximum|per (?:second|minute|hour|day|month)|at once|simultaneous\w*|in parallel|tier|entitlement)\b", unless=r"\b(?:amount|characters?|length|credit limit|spending limit|budget|field)\b"),
    _rule("too-many-requests", r"\btoo (?:often|frequent(?:ly)?|fast|quickly|rapidly|many times)\b|\b(?:usage|request|call|api|transaction|hourly|daily|minute) (?:\w+ )?(?:limit|ceiling|cap|allowance|entitlement)s? (?:\w+ ){0,2}(?:reached|exceeded|hit|used|exhausted|passed|surpassed)|\b(?:exceed\w*|reached|hit|over|exhausted|surpassed|used up) (?:\w+ ){0,3}(?:usage|request|call|api|transaction|hourly|daily) (?:\w+ )?(?:limit|ceiling|cap|allowance|entitlement|quota)|\bslow down\b|\bsimultaneous (?:requests?|calls?|connections?)\b"),
)  # fmt: skip

ACCESS = (
    _rule("sign-in-ran-out", r"\b(?:api )?(?:sessions?|session ?ids?|login ticket|sign-?in ticket|access token|(?:login|sign-?in) (?=has (?:timed|expired|run)|(?:timed out|expired)))\b", r"{GONE}|\bsign in again\b|\blog ?in again\b", unless=r"\btoo many\b|\bspend\b"),
    _rule("sender-refused", r"\b(?:sender|partner|xml partner)\b", r"\b(?:passwords?|credentials?|secret)\b", r"{WRONG}", unless=r"\bauthori[sz]ed\b"),
    _rule("sender-not-authorized", r"\b(?:senders?(?: ?ids?)?|sending application|partner id)\b", r"{FORBID}|\bauthori[sz]e\b|\b(?:inactive|not active|not (?:in|on|part of) |missing from|remove\w*|add(?:ed)? )|\bauthori[sz]ations?\b"),
    _rule("sender-not-authorized", r"\bweb[- ]?services?\b", r"\b{FORBID}|\binvalid (?:web services )?authori[sz]ation", unless=r"\bnot (?:enabled|on|active) for (?:this|the|your) company|\busers?\b.*\b(?:permission|privilege|role)|subscri|\b(?:object|function|operation)s?\b|\bmodule\b|\bapplication is not (?:on|enabled)"),
    _rule("sender-refused", r"\b(?:sender|(?:xml )?partner)(?: ?ids?)?\b", r"{WRONG}|\bmissing\b", unless=r"\belements?\b|\bblock\b|\bschema\b|\bxml (?:parse|error|doc)", levels="control transport"),
    _rule("company-expired", r"\b(?:compan(?:y|ies)|tenants?|subscription|trial|demo)\b", r"\b(?:expired|lapsed|suspended|cancell?ed|terminated|deactivated|inactive|not active|no longer active|closed|disabled|decommissioned|ended|has been archived|been deleted)\b", unless=r"\b(?:users?|password|login|department|location|account|project|entity|period|module|books|ledger|vendor|class|customer|sender)\b"),
    _rule("user-two-step", r"\b(?:two|2|multi)[- ]?(?:step|factor)\b|\b(?:2sv|2fa|mfa)\b|\bsingle sign[- ]on\b|\bsso\b"),
    _rule("password-must-change", r"\bpasswords?\b", r"\bexpired\b|\bmust (?:be )?(?:change|reset)|\b(?:change|reset) (?:your|the|this|its) (?:\w+ )?password|\btemporary\b|\bneeds? to be (?:changed|reset)\b", unless=r"\bincorrect\b|\bsender\b"),
    _rule("user-inactive", r"\b(?:users?|user ?ids?|logins?|login ?ids?|user account|web services users?)\b", r"\b(?:inactive|not active|no longer active|locked(?: out)?|disabled|deactivated|suspended|blocked|lockout|too many (?:failed|unsuccessful)|not an? (?:active|web services)|turned off|retired)\b", unless=r"another user|other user|by user|\b(?:departments?|locations?|projects?|vendors?|customers?|class|gl account|record|period|books|subledger|ledger|rates?|dimension)\b"),
    _rule("top-level-record", r"\b(?:root|top|top[- ]level|shared|parent)\b", r"\b(?:entity|location)[- ](?:restricted|level|limited|only)|\brestricted (?:user|to (?:an? |one )?entit)|\bentity\b", r"\b(?:update|edit|change|modify|create|delete|owned|alter|touch|maintain\w*)\b", unless=r"\blocation (?:is )?(?:required|missing)|\bcard\b"),
    _rule("card-wrong-level", r"{CARD}", r"\b(?:top[- ]level|root|entity[- ]level|at (?:the|an) entity|entity)\b", unless=r"\b(?:access|inactive|subledger|period|books)\b"),
    _rule("card-journals", r"{CARD}", r"\bjournals?\b", r"\b(?:no|not|missing|without|configur\w+|set ?up|requires?|choose|select|lacks?)\b"),
    _rule("entity-no-access", r"\bentit(?:y|ies)\b|\btop[- ]level\b|\blocations?\b|\blocationid\b", r"\b(?:access\w*|rights?|permi\w+|allowed|restricted|limited|reach\w*|enter\w*|authori[sz]ed|entitled|assigned|belongs?)\b", r"\b{NOT}\b|{FORBID}|\blacks?\b|\bwithout\b|\boutside\b|\bonly\b", levels="authentication"),
    _rule("entity-no-access", r"\b(?:entit(?:y|ies)|locations?|locationid|top[- ]level|root)\b", r"\b(?:access|slid(?:e|ing)|enter|switch|log ?in|sign[- ]?in|log into|restricted user|authori[sz]ed)\b", r"\b{NOT}\b|{FORBID}|\blacks?\b|\bwithout\b|\boutside\b|\binvalid\b", unless=r"\b(?:line|empty|blank|gl account|department|enter an? |required|missing)\b"),
    _rule("entity-unknown", r"\b(?:entit(?:y|ies)|locations?|location ?ids?|entity ?ids?)\b", r"{WRONG}|\b(?:not (?:be )?(?:found|exist\w*|set up|defined|located|matched)|cannot be (?:found|located)|does not exist|no such|not found|not an entity|unrecogni[sz]ed|inactive)\b", levels="authentication"),
    _rule("entity-unknown", r"\bentit(?:y|ies)(?: ?ids?)?\b", r"\b(?:invalid|not valid|does not exist|no such|unknown|not found|cannot (?:be )?f(?:ind|ound)|unrecogni[sz]ed|inactive|not active)\b", unless=r"\b(?:account|department|class|project|vendor|customer|card|item|employee|line|empty|blank|multi-entity|period|books|owners?|inter-?entity|location)\b"),
    _rule("sign-in-refused", r"\b(?:sign|log)[- ]?(?:in|on)\b(?: information| credentials| details| attempt| data)?|\blogin\b|\bcredentials?\b|\bpasswords?\b|\bauthenticat\w*", r"{WRONG}|\bcheck your\b|\b{NOT}\b|\bdenied\b|\bunauthori[sz]ed\b", unless=r"\b(?:permission|privileges?|access to|object|function|module|attachment|spend)\b"),
    _rule("sign-in-refused", r"\b(?:company|user)(?: ?ids?)?\b", r"{WRONG}|\b(?:does not exist|not found|no such)\b|\bunable to identify\b", levels="authentication control"),
    _rule("request-schema", r"\b(?:xml|schema|dtd\w*|dtdversion|well[- ]formed|child elements?|root element|elements?|attribute|namespace|end(?:ing)? tag|closing tag|malformed|controlid element)\b", r"\b(?:pars\w+|invalid|not (?:valid|expected|allowed|well|permitted)|unexpected|missing|mismatch|malformed|error|fail\w*|expected|violat\w+|unknown|unrecogni[sz]ed|required|supported|not (?:be )?(?:read|understood)|does not conform|undefined)\b", unless=r"\bcannot be performed\b|\bpermission"),
    _rule("request-policy", r"\b(?:transport )?polic(?:y|ies)(?:id)?\b", r"\b(?:transport|policyid|async\w*|polic(?:y|ies))\b", r"\b(?:invalid|not (?:a )?(?:valid|known|found|recogni[sz]ed)|unknown|does not exist|not defined)\b", unless=r"\bexpense\b|\bcompany polic"),
)  # fmt: skip

RIGHTS = (
    _rule("request-details", r"\binvalid fields? list\b|\b(?:unknown|undefined|unrecogni[sz]ed|no such|invalid) (?:api )?fields? (?:name|in (?:the )?(?:query|select|request))|\bfields? (?:\S+ )?(?:does not exist|is not defined|is not a member) (?:on|of|for|in) (?:the )?object"),
    _rule("operation-unsupported", r"\b(?:operations?|functions?|methods?|calls?|actions?|verbs?)\b", r"\b(?:cannot be (?:performed|executed|run|used|applied|called)|not supported|unsupported|not (?:available|implemented|defined|possible)|unknown|does not (?:support|allow|exist)|not (?:a )?(?:valid|known|recogni[sz]ed))\b", r"\b(?:objects?(?: of)?(?: type)?|api|function|method|type|operation)\b", unless=r"\b(?:permission|privileg\w+|not authori[sz]ed|entit\w+|subscri\w+|rights?|role|foreign|currenc\w+|dimensions?|account)\b"),
    _rule("object-not-visible", r"\b(?:object definition|objects?|object type|record type)\b", r"\b(?:not found|does not exist|cannot (?:be )?f(?:ind|ound)|unknown|not (?:defined|visible|available|recogni[sz]ed)|no such|undefined)\b", unless=r"\bcontrol\b|\bcard\b"),
    _rule("user-dimension-unready", r"\bdimensions?\b", r"\b(?:could not|cannot|unable to|failed to)\b (?:\w+ ){0,2}(?:return|retrieve|read|list|get|fetch|load)\b|\bno values\b|\bnot (?:fully )?(?:set up|configured|defined)\b"),
    _rule("module-off", r"\b(?:subscri\w+|unsubscribed|licen[cs]ed?|modules?|applications?|add-?on|feature)\b", r"\b(?:not (?:currently |been )?(?:subscribed|enabled|active|activated|licen[cs]ed|turned on|switched on|included|available|installed|part|purchased)|no (?:active )?(?:subscription|licen[cs]e)|unsubscribed|disabled|switched off|turned off|does not (?:have|include|own|subscribe)|has not (?:subscribed|bought|purchased|licen[cs]ed)|not a subscriber|requires? (?:an? )?(?:active |additional )?(?:subscription|licen[cs]e)|needs? (?:a|to) subscri\w+|is off|inactive|(?:must|please|need to|have to|should) (?:first )?subscribe|subscribe to)\b", unless=r"\bcurrenc\w+|\bforeign\b|\b(?:users?|roles?)\b.*\bpermission|\brequired dimension"),
    _rule("web-services-off", r"\bweb[- ]?services?\b", r"\b(?:off|not (?:enabled|subscribed|on|active|turned on|switched on)|disabled|inactive)\b", unless=r"\busers?\b|\bsender\b"),
    _rule("period-no-right", r"\b(?:permission|right|rights|privileg\w+|authori[sz]ed|authority|allowed)\b", r"{PERIOD}", r"\b(?:closed|open|prior|locked|batch(?:es)?)\b", unless=r"\bpermissions? for api\b|\bobjects? of type\b"),
    _rule("permission-missing", r"\b(?:permissions?|privileges?|rights?|authority|entitle\w*|role|roles|clearance)\b", r"\b(?:do(?:es)? not (?:have|allow|include|grant|cover|give|contain|permit|hold)|no|lacks?|lacking|missing|insufficient|without|denied|required?|requires|needs?|not (?:granted|assigned|sufficient|enough|authori[sz]ed|permitted|allowed)|inadequate)\b", unless=r"\b(?:copyright|right[- ]hand)\b|\bsmart (?:rule|event)"),
    _rule("permission-missing", r"\b(?:you|users?|login|role|caller|web services user|«\d+»)\b(?: «\d+»)?(?: id)? (?:are|is|was|may|do|does|has|have) (?:\w+ ){0,2}?(?:not (?:been )?(?:authori[sz]ed|permitted|allowed|entitled|granted)|unauthori[sz]ed|no (?:access|right|permission))", unless=r"\b(?:account|department|location|project|class|vendor) {VALUE}|\bsmart (?:rule|event)"),
    _rule("permission-missing", r"\b(?:not authori[sz]ed|unauthori[sz]ed|access (?:is |was )?denied|not permitted|not allowed)\b", r"\b(?:execute|perform|function|operation|action|call|api|view|list|add|create|read|object|resource|screen|user|request)\b", unless=r"{PERIOD}.*\bclosed\b|\b(?:account|department|location|project|class|vendor|customer|item|employee|dimension|currenc\w*|character\w*|file|attachment)\b|\bsmart (?:rule|event)"),
    _rule("permission-missing", r"\b(?:roles?|users?|login|permissions?)\b[^.;]{0,40}\b(?:cannot|may not|must not|(?:is|are) (?:not able|unable|not supposed) to)\b (?:\w+ )?(?:create|list|view|read|add|edit|update|delete|query|run|see|open|access|perform|execute|use|write|save)\b|\byou (?:cannot|may not|are not able to|are unable to) (?:view|list|read|query|run|access|execute|perform|see)\b", unless=r"\b(?:department|location|project|class|vendor|customer|account) {VALUE}|\bsmart (?:rule|event)|\bsession\b|{PERIOD}[^.;]*\b{CLOSED}"),
    _rule("permission-missing", r"\b(?:operation|access|function|action|request|call|permission)\b[^.;]{0,60}\b(?:denied|forbidden|refused)\b", unless=r"\bconnection\b"),
    _rule("permission-missing", r"^(?:you are )?not authori[sz]ed\b|^access (?:is )?denied\b|^(?:you are )?unauthori[sz]ed\b"),
)  # fmt: skip

_RULE = r"\b(?:smart[- ]?(?:rules?|events?)|(?:custom|customi[sz]ation|company|platform|validation|business)[- ](?:rules?|events?|validations?|triggers?))\b|\brule «\d+»|\bcustom(?:er)?[- ]defined (?:rule|validation)\b"

OWN_RULES = (
    _rule("attachment-required", _RULE, r"\b(?:attach\w*|supporting documents?|receipts?|supdocs?)\b"),
    _rule("smart-rule", _RULE, unless=r"\brelationship\b"),
)  # fmt: skip

ATTACHMENTS = (
    _rule("attachment-required", r"\b(?:attachments?|supporting documents?|receipts?|supdocs?|supdocid|document images?)\b", r"\b(?:requir\w+|missing|must (?:have|be|include|carry)|mandatory|needs?|needed|without|no|not (?:attached|provided|included|present)|attach an?)\b", unless=r"\b(?:too (?:large|big)|size|type|folder|upload\w*|extension|format|permission|exceed\w*)\b|\bsynced\b|\bposted\b"),
    _rule("attachment-refused", r"\b(?:attachments?|supporting documents?|receipts?|supdocs?|supdocid|attached file|attachment folder|file(?: type| size| name| extension)|uploaded file)\b", r"\b(?:too (?:large|big)|sizes?|types?|folder|upload\w*|extension|format|not able|unable|fail\w*|could not|cannot|exceed\w*|not (?:allowed|supported|accepted|found|saved|attached)|invalid|unsupported|rejected|does not exist|mb)\b"),
)  # fmt: skip

RECORDS = (
    _rule("request-repeated", r"\bcontrol[- ]?ids?\b|\buniqueid\b|\b(?:duplicate|repeated|identical|same|already[- ]processed) (?:\w+ )?(?:request|function|call|message|submission)s?\b|\b(?:request|function|call|message) (?:«\d+» )?(?:\w+ ){0,3}already\b", r"\b(?:duplicat\w*|already|unique|repeat\w*|used|twice|again|identical|processed|seen|prior|previous\w*|earlier)\b", unless=r"\bvendor|\bbeing processed"),
    _rule("account-number-taken", r"\b(?:gl |g/l |ledger )?account(?: number| no\.?)?s?\b", r"\balready (?:exists?|taken|used|in use|assigned to|on file|belongs)\b|\bduplicate account\b|\baccount number (?:must be|is not) unique\b|\bunique account number\b|\balready (?:have|has|contains?) an? (?:\w+ )?account\b", unless=r"\b(?:transaction|document|reference|vendor|customer|bank|card)\b"),
    _rule("reference-used", r"\b(?:transaction|document|reference|bill|invoice|check|payment|voucher|cheque)(?: (?:numbers?|no\.?|nos\.?|ids?|references?))?\b|\breference\b", r"\balready\b|\bduplicat\w*|\bnot unique\b|\bmust be unique\b|\bunique (?:number|value|id|reference)|\bin use\b|\bused before\b|\bpreviously\b|\bexists\b", unless=r"\bdoes not exists?\b|\bduplicate prevention off\b|\balready (?:closed|locked|reversed|reconciled|paid)|\b(?:locked|in use|edited|used) by\b|\brecord with|\bwith the (?:given|same) value|\banother user|\b(?:period|books|subledger)\b"),
    _rule("record-exists", r"\balready (?:exists?|been (?:used|taken|created|recorded|posted|entered|added)|taken|used|on file|present|recorded|there|posted|in use by an?other record|assigned)\b|\bduplicat(?:e|es|ion)\b|\bmust be unique\b|\bnot unique\b|\bunique (?:constraint|key)\b|\b(?:record|one|entry) (?:like this |with (?:th\w+|the same) \w+(?: \w+)? )?(?:exists|is there) already\b|\bexists already\b|\bsame (?:key|id|value)s?\b.*\bexists?\b", unless=r"\bdoes not already exist\b|\balready (?:closed|locked)\b|\b(?:period|books|subledger)s?\b.*\bclosed\b"),
)  # fmt: skip

PERIODS = (
    _rule("period-closed", r"\b{PERIOD}\b[^.;]{0,90}?\b(?:is|are|was|were|has|have|been|being|got|gets|already|now|currently|remains?|stays?|status|that is)\b[^.;]{0,45}?{CLOSED}", unless=r"\b(?:trial|grace|time) period\b|\banother user|\bby user\b|\bbeing (?:edited|updated|posted)|\bdeadlock"),
    _rule("period-closed", r"\b(?:closed|locked|non-?open|unopened|shut|frozen|finali[sz]ed) (?:«\d+» |§\d+§ )?(?:accounting |fiscal |financial |gl |general |reporting |posting |prior |cash management |\w+ )?{PERIOD}\b", unless=r"\banother user|\bdeadlock"),
    _rule("period-closed", r"\b{PERIOD}\b[^.;]{0,60}\b(?:closed|locked)(?:$|[^\w-]*(?:$|[.;:,)]| through| for| on| by| to| at| as of| since| until| in))", unless=r"\banother user|\bby user\b|\bdeadlock|«\d+» is|\binvalid\b|\bnot valid\b|\b(?:project|location|department|class|card|vendor|customer|job) {VALUE}"),
    _rule("period-closed", r"\b{PERIOD}\b (?:\w+ ){0,3}?(?:(?:do|does|will|did) not accept|no longer accepts?|refuses?|rejects?)\b|\b{PERIOD}\b[^.;]{0,20}\bopen (?:only )?(?:from|since|starting|beginning|as of|after)\b|§\d+§ (?:or|and) (?:later|after|thereafter|newer|beyond)\b|§\d+§ onwards?\b|\blater than §\d+§|\bnot\b[^.;]{0,30}\b(?:in|within|inside|into|of)\b (?:an?|any|the|your)? ?(?:currently )?open (?:\w+ )?{PERIOD}\b|\bno (?:\w+ )?open (?:\w+ )?{PERIOD}\b|\b{PERIOD}\b[^.;]{0,30}\bnot open\b|\b(?:not (?:in|within|inside|part of|fall (?:in|into|within))|outside|out of) (?:of )?(?:an?|any|the|its|your) (?:currently )?open (?:\w+ )?{PERIOD}\b|\bre-?open (?:the )?(?:\w+ ){0,3}{PERIOD}\b|\bopen (?:the|that|this) (?:\w+ )?{PERIOD}\b|\bhard[- ]?close\b"),
    _rule("period-closed", r"\b(?:dates?|dated|transactions?|entries|posting)\b", r"\b(?:must (?:be|fall|lie|not be)|cannot be|may not be|has to be|should be|is|are|be|falls?|lies?|dated|earlier|before|prior)\b[^.;]{0,40}\b(?:on or after|no earlier|not earlier|earlier|later|before|prior|precedes?|on or before|ahead of)\b[^.;]{0,60}(?:§\d+§|\b(?:open|close|closing|lock|books|period|first (?:open )?day)\b)", unless=r"\b(?:projects?|tasks?|contracts?|cards?|jobs?|employees?|vendors?|customers?|departments?|locations?)\b|\bpayment date|\bdue date"),
    _rule("period-closed", r"\b(?:post|posts|posted|posting|book|booked|record|recorded|enter|entered|add|added|accepted|dated?|made)\b[^.;]{0,60}§\d+§[^.;]{0,60}\b(?:closed|locked|not open|shut|frozen|no longer (?:possible|open|allowed))\b|§\d+§(?: for| in| at)?[^.;,]{0,25}\b(?:is|was|are|has been|have been|been|already) (?:\w+ )?(?:closed|locked|shut|frozen|not open)\b|\b(?:closed|locked) (?:through|thru|until|up to|as of|for|since)\b[^.;]{0,20}§\d+§", unless=r"\b(?:project|location|department|class|card|vendor|customer|job|item|task|contract|employee) {VALUE}|\b(?:project|location|department|vendor|customer|card|job|class) (?:is|was|has)\b|\banother user|\b(?:no longer (?:active|valid)|inactive)\b"),
    _rule("period-closed", r"\bdates?\b[^.;]{0,30}\b(?:precedes?|comes before|is (?:before|earlier than|prior to))\b[^.;]{0,40}\b(?:open|lock|locked|close|closing|books|period|ledger)\b", unless=r"\b(?:projects?|tasks?|contracts?|jobs?)\b"),
    _rule("period-closed", r"\bdates?(?: of)?\b[^.;]{0,60}\b(?:closed|locked) (?:\w+ ){0,2}(?:period|month|books|year|quarter|time)|\bclos(?:ed|ing) (?:of )?the (?:books|period|month)\b|\b(?:books|periods?)\b[^.;]{0,20}\bclosed\b|\b(?:after|since) (?:the )?(?:\w+ )?close\b|\bpast (?:the )?(?:lock|close|closing) date\b|\b(?:before|prior to|precedes|on or before) (?:the|your|its)? ?(?:\w+ )?(?:lock|close|closing)[- ]?(?:date|off)?\b|\bbatch(?:es)? (?:is|are|was|were|has been) (?:already )?closed\b"),
)  # fmt: skip

MONEY = (
    _rule("exchange-rate-missing", r"\b(?:exchange|conversion|currency|fx)[- ]?rates?\b", r"\b(?:set ?up|define|maintain|add|provide|no|not|missing|cannot|could not|unable|without|lacks?|undefined|unavailable|required|needs?|enter|invalid)\b"),
    _rule("currency-off", r"\b(?:foreign[- ]?currenc\w+|multi-?(?:ple )?[- ]?currenc\w+|mcp)\b", r"\b(?:enable\w*|subscri\w+|not|disabled|off|turn(?:ed)? on|inactive|without|requires?|activate\w*)\b", unless=r"\b(?:card|charge card)\b.*\b(?:top[- ]level|root)\b"),
    _rule("currency-mismatch", r"\bcurrenc(?:y|ies)\b|\bbase currency\b|\b(?:iso )?currency code\b|\btrx_currency\b", r"\b(?:not|differ\w*|mismatch\w*|must (?:be|match|equal)|invalid|same|does not|cannot|unknown|unsupported|conflict\w*|other than|required|missing)\b"),
    _rule("tax-detail-missing", r"\b(?:tax (?:details?|codes?|rates?|schedules?|groups?|solutions?|implications?|entr(?:y|ies)|info\w*|id)|vat(?: code| detail| rate)?|gst|taxes)\b", r"\b(?:missing|required?|requires|must (?:have|be|include|carry)|needs?|without|(?:must|have to|need to|please) (?:provide|specify|choose|supply|select|enter|add)|not (?:been )?(?:provided|specified|supplied|given|entered|set|selected|assigned)|no|mandatory|blank|empty|enter|select|choose|provide|pick|either)\b", unless=r"\bcannot be used\b|\bnot valid\b|«\d+» (?:is|does|cannot)|\binactive\b|\bdoes not belong\b(?!.*\bmissing)"),
    _rule("tax-detail-wrong", r"\b(?:tax (?:details?|codes?|rates?|schedules?|groups?|solutions?|entr(?:y|ies))|vat (?:code|detail|rate|solution)s?|gst)\b", r"\b(?:not|invalid|cannot|inactive|belong\w*|wrong|unknown|does not|mismatch\w*|different|another|expired)\b"),
    _rule("negative-across-entities", r"\b(?:negative|credits?|refunds?)\b", r"\b(?:entit(?:y|ies)|inter-?entity)\b", r"\b(?:limits?|cannot|not|multiple|different|several|more than one|only|restrict\w*)\b"),
    _rule("lines-across-entities", r"\binter-?entity\b|\bdue-(?:to|from)\b", unless=r"\bperiod|\bbooks|\bsubledger|\bcard\b"),
    _rule("lines-across-entities", r"\binter-?entity\b|\bdue[- ](?:to|from) (?:and|or|/)|\bdue-(?:to|from)\b|\b(?:multiple|different|several|more than one|two|another|other|across|same|single|one) (?:\w+ )?entit(?:y|ies)\b|\bentit(?:y|ies)\b[^.;]{0,40}\b(?:differ\w*|do(?:es)? not match|mismatch\w*)\b", unless=r"\b(?:empty|blank|required|missing)\b|\bperiod|\bbooks|\bsubledger|\bcard\b"),
    _rule("lines-unbalanced", r"\b(?:do(?:es)? not|not|un|out of|fail\w* to|must|cannot be) ?(?:in )?balanc\w*\b|\bdebits?\b.*\bcredits?\b|\bcredits?\b.*\bdebits?\b.*\b(?:equal|differ|match)|\b(?:sum|totals?)\b[^.;]{0,60}\b(?:differ\w*|not (?:equal|match|agree|add up|tie)|do(?:es)? not (?:equal|match|agree|add up|tie|correspond)|must (?:equal|match|agree)|unequal|mismatch\w*)\b|\b(?:lines?|splits?|amounts?)\b[^.;]{0,40}\b(?:add up|sum up|sum to)\b"),
)  # fmt: skip

FIELDS = (
    _rule("date-invalid", r"\b(?:dates?|whencreated|datecreated|paymentdate|day)\b", r"\b(?:invalid|not (?:a )?(?:valid|real|recogni[sz]ed|proper)|malformed|bad|illegal|not a (?:\w+ )?date|pars\w+|interpret\w*|understood|incorrect|wrong|future|impossible|cannot be (?:parsed|read|in the future)|could not be (?:parsed|read|understood)|unparse?able|wrong format|format|missing|required|unreadable|does not exist|not (?:in|within) (?:a |any )?(?:defined|known|existing)|outside)\b", unless=r"\b(?:projects?|tasks?|contracts?|cards?|jobs?|employees?|vendors?|customers?|departments?|locations?|exchange|rates?|account)\b"),
    _rule("date-invalid", r"\bno (?:\w+ )?(?:period|fiscal year|year)s? (?:is |are |has been |have been )?(?:defined|set up|found|exists?|covers?|contains?)\b|\b(?:period|fiscal year)s?\b[^.;]{0,30}\b(?:not (?:been )?(?:defined|set up|found|created)|does not exist|no such)"),
    _rule("amount-missing", r"\b(?:amounts?|value of line|trx_?amount|paymentamount|totalentered)\b", r"\b(?:missing|zero|required?|requires|blank|empty|nil|null|cannot be|must (?:be|have|not)|not (?:a )?(?:valid|number|numeric|provided|specified|given|supplied|entered)|invalid|without|no|enter|too (?:large|small|big)|negative|exceed\w*|greater|non-?zero|needs?|provide|specify|supply|give|fill|lacks?|absent|omitted|wrong|incorrect)\b"),
    _rule("amount-missing", r"\bextra line\b|\bzero[- ](?:value|amount|dollar)\b|\bmoney\b[^.;]{0,30}\b(?:not allowed|invalid|too)\b|\bat least one line\b|\bno lines?\b|\bline (?:has|with|carries) no (?:amount|value)\b"),
    _rule("text-too-long", r"\b(?:too long|maximum length|max(?:imum)?\.? (?:of )?\d+ char\w*|exceed\w* (?:\w+ ){0,5}(?:characters?|length|size)|(?:longer|more|greater) than \d+ ?(?:char\w*|symbols)?|characters? (?:long|limit|or (?:less|fewer))|character limit|at most \d+ char\w*|no more than \d+ char\w*|length (?:cannot|must|of|is|exceeds?|limit)|shorten|truncat\w+ (?:the )?(?:text|value|description|field|memo)|up to \d+ (?:characters|are|is)|\d+ characters?)\b"),
    _rule("text-format", r"\b(?:illegal (?:format|char\w*|value)|(?:invalid|unsupported|forbidden|disallowed|special|non-?ascii|unprintable|control) characters?|(?:wrong|bad|invalid|incorrect|improper|unexpected) (?:\w+ )?format|not (?:a |in (?:a|the) )?(?:valid|correct|proper|expected|right) (?:\w+ )?(?:format|number|e-?mail)|characters? (?:that )?(?:are|is) not (?:allowed|permitted|supported|valid)|format (?:is|of)|malformed (?:value|text|field)|cannot contain|may not contain|must not contain|missing unit|non-?numeric|must be numeric|encoding)\b"),
)  # fmt: skip

TROUBLE = (
    _rule("record-in-use", r"\b(?:somebody|someone|somebody else|someone else|another person)\b|\b(?:another|other|different) (?:user|process|session|transaction|request|person|job)\b|\bdeadlock\w*|\bin use by\b|\bcurrently (?:in use|being|locked)\b|\bbeing (?:edited|modified|updated|used|posted|processed|changed)\b|\block (?:wait|timeout|could not|conflict|on)\b|\b(?:could not|cannot|unable to|failed to) (?:\w+ ){0,2}(?:acquire|obtain|get|place)\b[^.]{0,20}\block\b|\brecord (?:\w+ )?(?:is )?locked\b|\blocked (?:by|for edit\w*)\b|\bconcurrent (?:update|modification|edit|change)s?\b|\b(?:is|are) locked\b|\bopen in another\b|\bis busy\b"),
    _rule("no-answer", r"\bno record ?no\b|\brecord ?no\b[^.;]{0,25}\b(?:missing|not returned|absent|empty)|\bmid[- ]?(?:process|way|flight|request|stream)\b|\b(?:timed|time)[- ]?out\b|\btimeout\b|\bdid not (?:answer|respond|reply|complete|finish)\b|\b(?:connection|socket|stream|link|network|response|transmission|peer|answer|reply|communication)\b[^.;]{0,40}\b(?:lost|dropped|reset|closed|interrupted|aborted|broken|broke|cut|truncated|incomplete|terminated|unexpectedly|fail\w*|refused|ended|went away|died|vanished)\b|\b(?:line|request|call)\b[^.;]{0,25}\b(?:dropped|lost|cut|interrupted|hung|vanished)\b|\b(?:hang|hung)[- ]?up\b|\b(?:lost|dropped|broken|interrupted|cut) (?:the )?(?:connection|link|line|response|answer|network)\b|\bbroken pipe\b|\bmidway\b|\bhalf[- ]?way\b|\bpartially (?:processed|completed|saved)\b|\bno (?:response|answer|reply)\b|\b(?:outcome|result|status|state)\b[^.;]{0,40}\b(?:unknown|unclear|undetermined|not (?:known|determined)|cannot be determined|could not be (?:determined|confirmed))\b|\bunexpected end\b|\bremote end\b|\bpremature\w*\b|\btook too long\b|\bmay (?:or may not )?have (?:been )?(?:\w+ )?(?:processed|posted|saved|completed|created)\b|\bdeadline exceeded\b"),
    _rule("gateway-trouble", r"\b(?:error processing the request|temporar(?:y|ily)|off-?line|maintenance|unavailable|not available (?:right now|at this time|at the moment|now)|try again (?:later|in a)|please try (?:again|later)|retry later|bad gateway|gateway (?:error|time-?out|fail\w*)|service (?:error|is down|outage)|internal (?:server |system |processing )?(?:error|fail\w*)|unexpected (?:\w+ )?error|system (?:error|failure|is down|is busy)|server (?:error|is busy|busy|overload\w*)|overloaded|upstream|outage|unhandled exception|something went wrong|technical (?:difficult\w+|problem|error)|unable to (?:process|complete|handle) (?:the|your|this) request|could not (?:process|complete) (?:the|your|this) request|at this time|downtime|scheduled|html|<!doctype|cloudflare)\b"),
)  # fmt: skip

_SPEND = r"\b(?:spend (?:center|& expense|and expense)|divvy|bill\.com|bill spend|bill (?:api|token)|bdc)\b"

SOURCE = (
    _rule("source-too-fast", _SPEND, r"\b(?:rate|limit\w*|too many|throttl\w*|slow down|per (?:minute|hour))\b"),
    _rule("source-token-refused", _SPEND, r"\b(?:token|credential\w*|unauthori[sz]ed|forbidden|sign[- ]in|log ?in|not authori[sz]ed|access)\b"),
    _rule("source-locked", _SPEND, r"\b(?:locked|islocked|cannot be (?:edited|changed)|read[- ]only)\b"),
    _rule("source-native-sync", _SPEND, r"\b(?:already synced|already (?:posted|sent)|native sync|pending (?:in|with))\b"),
    _rule("source-incomplete", _SPEND, r"\b(?:incomplete|not complete\w*|missing|required fields?|review)\b"),
    _rule("source-mapping", r"\b(?:not mapped|no (?:intacct )?mapping|unmapped|mapping (?:is )?(?:missing|not found))\b", unless=r"inter-?entity"),
)  # fmt: skip

BEFORE_CODING: tuple[Rule, ...] = (
    *OWN_RULES, *SOURCE, *LIMITS, *ACCESS, *RIGHTS, *ATTACHMENTS, *RECORDS, *PERIODS, *MONEY,
)  # fmt: skip
AFTER_CODING: tuple[Rule, ...] = (*FIELDS, *TROUBLE)
