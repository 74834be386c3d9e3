"""Rules about being let in: limits, senders, sign-in, users, entities, the request itself, permissions, subscriptions.

The first rule that fits wins, so their order is part of the meaning.
"""

from __future__ import annotations

from bot.hints.rule import rule

LIMITS = (
    rule("too-many-requests", r"\b(?:concurrent|simultaneous|parallel) (?:\w+ )?(?:sessions?|users?|log-?ins?)\b"),
    rule(
        "too-many-requests",
        r"\b(?:rate[- ]?limit\w*|too many (?:\w+ ){0,3}(?:requests?|calls?|connections?|operations?|"
        r"sessions?|threads?)|throttl\w+|quota|concurrent (?:\w+ )?(?:limit|requests?|calls?|connections?|"
        "operations?)|concurrency)",
    ),
    rule(
        "too-many-requests",
        r"\b(?:requests?|calls?|transactions?|operations?|connections?)\b",
        r"\b(?:exceed\w*|over|above|beyond|more than|reached|maximum|limit of)\b.*\b(?:limit|allowance|"
        r"allowed|permitted|maximum|per (?:second|minute|hour|day|month)|at once|simultaneous\w*|"
        r"in parallel|tier|entitlement)\b",
        unless=r"\b(?:amount|characters?|length|credit limit|spending limit|budget|field)\b",
    ),
    rule(
        "too-many-requests",
        r"\btoo (?:often|frequent(?:ly)?|fast|quickly|rapidly|many times)\b|\b(?:usage|request|call|api|"
        r"transaction|hourly|daily|minute) (?:\w+ )?(?:limit|ceiling|cap|allowance|"
        r"entitlement)s? (?:\w+ ){0,2}(?:reached|exceeded|hit|used|exhausted|passed|surpassed)|"
        r"\b(?:exceed\w*|reached|hit|over|exhausted|surpassed|used up) (?:\w+ ){0,3}(?:usage|request|call|"
        r"api|transaction|hourly|daily) (?:\w+ )?(?:limit|ceiling|cap|allowance|entitlement|quota)|"
        r"\bslow down\b|\bsimultaneous (?:requests?|calls?|connections?)\b",
        unless=r"\b(?:sign|log)(?:ged|ned)?[- ]?(?:in|on)\b|\battempts?\b",
    ),
)

ACCESS = (
    rule(
        "sign-in-ran-out",
        r"\b(?:api )?(?:sessions?|session ?ids?|login ticket|sign-?in ticket|access token|(?:login|"
        r"sign-?in) (?=has (?:timed|expired|run)|(?:timed out|expired)))\b",
        r"{GONE}|\bsign in again\b|\blog ?in again\b",
        unless=r"\btoo many\b|\bspend\b",
    ),
    rule(
        "sender-refused",
        r"\b(?:sender|partner|xml partner)\b",
        r"\b(?:passwords?|credentials?|secret)\b",
        "{WRONG}",
        unless=r"\bauthori[sz]ed\b",
    ),
    rule(
        "sender-refused",
        r"\bsender(?: ?ids?)?\b",
        r"\b(?:rejected|refused|denied|unknown|invalid|failed|incorrect|wrong)\b",
        unless=r"authori[sz]|\bcompan|\bweb services\b|\ballow|\bpermit|\bgrant",
        levels="control",
    ),
    rule(
        "sender-not-authorized",
        r"\b(?:senders?(?: ?ids?)?|sending application|partner id)\b",
        r"{FORBID}|\bauthori[sz]e\b|\b(?:inactive|not active|not (?:in|on|part of) |missing from|remove\w*|"
        r"add(?:ed)? )|\bauthori[sz]ations?\b",
    ),
    rule(
        "sender-not-authorized",
        r"\bweb[- ]?services?\b",
        r"\b{FORBID}|\binvalid (?:web services )?authori[sz]ation|\bweb services authori[sz]ations?\b",
        unless=r"\bnot (?:enabled|on|active) for (?:this|the|your) company|\busers?\b.*\b(?:permission|privilege|"
        r"role)|subscri|\b(?:object|function|operation)s?\b|\bmodule\b|\bapplication is not (?:on|enabled)",
    ),
    rule(
        "sender-refused",
        r"\b(?:sender|(?:xml )?partner)(?: ?ids?)?\b",
        r"{WRONG}|\bmissing\b",
        unless=r"\belements?\b|\bblock\b|\bschema\b|\bxml (?:parse|error|doc)",
        levels="control transport",
    ),
    rule(
        "company-expired",
        r"\b(?:compan(?:y|ies)|tenants?|subscription|trial|demo)\b",
        r"\b(?:expired|lapsed|suspended|cancell?ed|terminated|deactivated|inactive|not active|"
        r"no longer active|closed|disabled|decommissioned|ended|has been archived|been deleted)\b",
        unless=r"\b(?:employees?|items?|users?|password|login|department|location|(?:gl|user|bank|ledger|"
        "card) account|account (?:number|{VALUE})|project|entity|period|module|books|ledger|vendor|class|"
        r"customer|sender)\b",
    ),
    rule(
        "user-two-step",
        r"\b(?:two|2|multi)[- ]?(?:step|factor)\b|\b(?:2sv|2fa|mfa)\b|\bsingle sign[- ]on\b|\bsso\b",
    ),
    rule(
        "password-must-change",
        r"\bpasswords?\b",
        r"\bexpired\b|\bmust (?:be )?(?:change|reset)|\b(?:change|reset) (?:your|the|this|"
        r"its) (?:\w+ )?password|\btemporary\b|\bneeds? to be (?:changed|reset)\b",
        unless=r"\bincorrect\b|\bsender\b",
    ),
    rule(
        "user-inactive",
        r"\baccounts?\b",
        r"\b(?:inactive|deactivated|disabled|locked|suspended|blocked|not active)\b",
        levels="authentication",
    ),
    rule(
        "user-inactive",
        r"\b(?:users?|user ?ids?|logins?|login ?ids?|user account|web services users?)\b",
        r"\b(?:inactive|not active|no longer active|locked(?: out)?|disabled|deactivated|suspended|blocked|"
        "lockout|too many (?:failed|unsuccessful)|not (?:set up |enabled |configured |defined |"
        r"registered )?(?:an?|for|as an?) (?:active|web services)|turned off|retired)\b",
        unless=r"another user|other user|by user|\b(?:departments?|locations?|projects?|vendors?|customers?|class|"
        r"gl account|record|period|books|subledger|ledger|rates?|dimension)\b",
    ),
    rule(
        "card-wrong-level",
        "{CARD}",
        r"\b(?:top[- ]level|root|entity[- ]level|at (?:the|an) entity|entity)\b",
        unless=r"\b(?:access|inactive|subledger|period|books)\b",
    ),
    rule(
        "top-level-record",
        r"\b(?:root|top|top[- ]level|shared|parent)\b",
        r"\b(?:entity|location)[- ](?:restricted|level|limited|only)|\b(?:restricted|limited) (?:user|to (?:an? |"
        r"one )?entit)|\bentity\b",
        r"\b(?:(?:updat|edit|chang|creat|delet|alter|touch|maintain)\w*|modif\w+|owned)\b",
        unless=r"\blocation (?:is )?(?:required|missing)|\bcard\b",
    ),
    rule(
        "card-journals",
        "{CARD}",
        r"\bjournals?\b",
        r"\b(?:no|not|missing|without|configur\w+|set ?up|requires?|choose|select|lacks?)\b",
    ),
    rule(
        "card-journals",
        r"\bjournals?\b",
        r"\b(?:credit|charge) card transactions?\b|\bconfigure cash management\b",
        r"\b(?:no|not|missing|without|configur\w+|set ?up|requires?|choose|select|lacks?)\b",
    ),
    rule(
        "entity-no-access",
        r"\bentit(?:y|ies)\b|\btop[- ]level\b|\blocations?\b|\blocationid\b",
        r"\b(?:access\w*|rights?|permi\w+|allowed|restricted|limited|reach\w*|enter\w*|authori[sz]ed|"
        r"entitled|assigned|belongs?)\b",
        r"\b{NOT}\b|{FORBID}|\blacks?\b|\bwithout\b|\boutside\b|\bonly\b",
        levels="authentication",
    ),
    rule(
        "entity-no-access",
        r"\b(?:entit(?:y|ies)|locations?|locationid|top[- ]level|root)\b",
        r"\b(?:access|slid(?:e|ing)|enter|switch|log ?in|sign[- ]?in|log into|restricted user|"
        r"authori[sz]ed)\b",
        r"\b{NOT}\b|{FORBID}|\blacks?\b|\bwithout\b|\boutside\b|\binvalid\b",
        unless=r"\b(?:line|empty|blank|gl account|department|enter an? |required|missing|inactive|not active)\b",
    ),
    rule(
        "entity-unknown",
        r"\b(?:entit(?:y|ies)|locations?|location ?ids?|entity ?ids?)\b",
        r"{WRONG}|\b(?:not (?:be )?(?:found|exist\w*|set up|defined|located|matched)|cannot be (?:found|"
        r"located)|does not exist|no such|not found|not an entity|unrecogni[sz]ed|inactive)\b",
        levels="authentication",
    ),
    rule(
        "entity-unknown",
        r"\bentit(?:y|ies)(?: ?ids?)?\b[^.;]{0,40}\b(?:invalid|not valid|does not exist|unknown|not found|"
        r"cannot be found|unrecogni[sz]ed|inactive|not active)\b|\b(?:invalid|unknown|no such|cannot find|"
        r"could not find|unrecogni[sz]ed|inactive) (?:\w+ ){0,2}entit(?:y|ies)\b",
        unless=r"\b(?:account|department|class|project|vendor|customer|card|item|employee|line|empty|blank|"
        r"multi-entity|tax|vat|currenc\w+|period|books|owners?|inter-?entity|location)\b",
    ),
    rule(
        "sign-in-refused",
        r"\b(?:sign|log)[- ]?(?:in|on)\b(?: information| credentials| details| attempt| data)?|\blogin\b|"
        r"\bcredentials?\b|\bpasswords?\b|\bauthenticat\w*",
        r"{WRONG}|\bcheck your\b|\b{NOT}\b|\bdenied\b|\bunauthori[sz]ed\b",
        unless=r"\b(?:permission|privileges?|access to|object|function|module|attachment|spend)\b",
    ),
    rule(
        "sign-in-refused",
        r"\b(?:company|user)(?: ?ids?)?\b",
        r"{WRONG}|\b(?:does not exist|not found|no such)\b|\bunable to identify\b",
        levels="authentication control",
    ),
    rule(
        "request-schema",
        r"\b(?:xml|schema|dtd\w*|dtdversion|well[- ]formed|child elements?|root element|elements?|attribute|"
        "namespace|end(?:ing)? tag|closing tag|controlid element|(?:request|document|message|payload|"
        r"body)(?= (?:\w+ ){0,4}(?:malformed|pars\w+|well|readable|not xml))|pars(?:e|er|ing) (?:error|"
        r"failure|failed)|malformed (?:request|document|message|payload|body))\b",
        r"\b(?:pars\w+|invalid|not (?:valid|expected|allowed|well|permitted)|unexpected|missing|mismatch|"
        r"malformed|error|fail\w*|expected|violat\w+|unknown|unrecogni[sz]ed|required|supported|"
        r"not (?:be )?(?:read|understood)|does not conform|undefined)\b",
        unless=r"\bcannot be performed\b|\bpermission|\bdate\b",
    ),
    rule(
        "request-policy",
        r"\b(?:transport )?polic(?:y|ies)(?:id)?\b",
        r"\b(?:transport|policyid|async\w*|polic(?:y|ies))\b",
        r"\b(?:invalid|not (?:a )?(?:valid|known|found|recogni[sz]ed)|unknown|does not exist|not defined)\b",
        unless=r"\bexpense\b|\bcompany polic",
    ),
)

RIGHTS = (
    rule(
        "request-details",
        r"\binvalid fields? list\b|\b(?:unknown|undefined|unrecogni[sz]ed|no such|"
        "invalid) (?:api )?fields? (?:name|in (?:the )?(?:query|select|request))|"
        r"\bfields? (?:\S+ )?(?:does not exist|is not defined|is not a member) (?:on|of|for|"
        "in) (?:the )?object",
    ),
    rule("operation-unsupported", r"\binvalid (?:function|operation|method|api call)\b"),
    rule(
        "operation-unsupported",
        r"\bobjects?(?: of type)?\b.*\bdo(?:es)? not (?:support|allow|offer|have)\b.*\b(?:operation|function|method|call)\b",
    ),
    rule(
        "operation-unsupported",
        r"\b(?:operations?|functions?|methods?|calls?|actions?|verbs?)\b",
        r"\b(?:cannot be (?:performed|executed|run|used|applied|called)|not supported|unsupported|"
        "not (?:available|implemented|defined|possible)|unknown|does not (?:support|allow|exist)|"
        r"not (?:a )?(?:valid|known|recogni[sz]ed))\b",
        r"\b(?:objects?(?: of)?(?: type)?|api|function|method|type|operation)\b",
        unless=r"\b(?:permission|privileg\w+|not authori[sz]ed|entit\w+|subscri\w+|rights?|role|foreign|currenc\w+|"
        r"dimensions?|account)\b",
    ),
    rule("object-not-visible", r"\bno (?:such )?(?:object definition|object type|object called)\b"),
    rule(
        "object-not-visible",
        r"\b(?:object definition|objects?|object type|record type)\b",
        r"\b(?:not found|does not exist|cannot (?:be )?f(?:ind|ound)|unknown|not (?:defined|visible|"
        r"available|recogni[sz]ed)|no such|undefined)\b",
        unless=r"\bcontrol\b|\bcard\b",
    ),
    rule(
        "user-dimension-unready",
        r"\bdimensions?\b",
        r"\b(?:could not|cannot|unable to|failed to)\b (?:\w+ ){0,2}(?:return|retrieve|read|list|get|fetch|"
        r"load)\b|\bno values\b|\bnot (?:fully )?(?:set up|configured|defined)\b",
    ),
    rule(
        "module-off",
        r"\b(?:subscri\w+|unsubscribed|licen[cs]ed?|modules?|applications?|add-?on|feature)\b",
        r"\b(?:not (?:currently |been )?(?:subscribed|enabled|active|activated|licen[cs]ed|turned on|"
        "switched on|included|available|installed|part|purchased)|no (?:active )?(?:subscription|"
        "licen[cs]e)|unsubscribed|disabled|switched off|turned off|does not (?:have|include|own|subscribe)|"
        "has not (?:subscribed|bought|purchased|licen[cs]ed)|not a subscriber|"
        r"requires? (?:an? )?(?:active |additional )?(?:subscription|licen[cs]e)|needs? (?:a|to) subscri\w+|"
        r"is off|inactive|without an? (?:\w+ )?(?:subscription|licen[cs]e)|(?:must|please|need to|have to|"
        r"should) (?:first )?subscribe|subscribe to)\b",
        unless=r"\bcurrenc\w+|\bforeign\b|\b(?:users?|roles?)\b.*\bpermission|\brequired dimension",
    ),
    rule(
        "module-off",
        r"\b(?:cash management|accounts payable|general ledger|projects|platform services|"
        r"multi-entity (?:management|shared))\b (?:\w+ ){0,2}?(?:(?:is|was|has|"
        r"are) (?:\w+ )?(?:not (?:been )?)(?:enabled|subscribed|active|activated|available|licen[cs]ed|"
        r"turned on|switched on|on|installed)|(?:is|was|has been) (?:\w+ )?(?:off|turned off|switched off|"
        r"disabled))\b",
        unless=r"\b(?:period|date|month|books)\b",
    ),
    rule(
        "web-services-off",
        r"\bweb[- ]?services?\b",
        r"\b(?:off|not (?:enabled|subscribed|on|active|turned on|switched on)|disabled|inactive)\b",
        unless=r"\busers?\b|\bsender\b",
    ),
    rule(
        "period-no-right",
        r"\b(?:permission|right|rights|privileg\w+|authori[sz]ed|authority|allowed)\b",
        "{PERIOD}",
        r"\b(?:closed|open|prior|locked|batch(?:es)?)\b",
        unless=r"\bpermissions? for api\b|\bobjects? of type\b",
    ),
    rule(
        "permission-missing",
        r"\b(?:roles?|authori[sz]ation)\b",
        r"\b(?:not (?:been )?(?:granted|assigned|given)|missing|lacks?|lacking|no)\b",
        unless=r"\bweb[- ]?services?\b|\bsender|\battachment|\bspend\b",
    ),
    rule(
        "permission-missing",
        r"\b(?:permissions?|privileges?|rights?|authority|entitle\w*|role|roles|clearance)\b",
        r"\b(?:do(?:es)? not (?:have|allow|include|grant|cover|give|contain|permit|hold)|no|lacks?|lacking|"
        "missing|insufficient|without|denied|required?|requires|needs?|not (?:granted|assigned|sufficient|"
        r"enough|authori[sz]ed|permitted|allowed)|inadequate)\b",
        unless=r"\b(?:copyright|right[- ]hand)\b|\bsmart (?:rule|event)",
    ),
    rule(
        "permission-missing",
        r"\b(?:you|users?|login|role|caller|web services user|«\d+»)\b(?: «\d+»)?(?: id)? (?:are|is|was|may|"
        r"do|does|has|have) (?:\w+ ){0,2}?(?:not (?:been )?(?:authori[sz]ed|permitted|allowed|entitled|"
        "granted)|unauthori[sz]ed|no (?:access|right|permission))",
        unless=r"\b(?:account|department|location|project|class|vendor) {VALUE}|\bsmart (?:rule|event)",
    ),
    rule(
        "permission-missing",
        r"\b(?:not authori[sz]ed|unauthori[sz]ed|access (?:is |was )?denied|not permitted|not allowed)\b",
        r"\b(?:execute|perform|function|operation|action|call|api|view|list|add|create|read|object|resource|"
        r"screen|user|request)\b",
        unless=r"{PERIOD}.*\bclosed\b|\b(?:account|department|location|project|class|vendor|customer|item|employee|"
        r"dimension|currenc\w*|character\w*|file|attachment)\b|\bsmart (?:rule|event)",
    ),
    rule(
        "permission-missing",
        r"\b(?:roles?|users?|login|permissions?)\b[^.;]{0,40}\b(?:cannot|may not|must not|(?:is|"
        r"are) (?:not able|unable|not supposed) to)\b (?:\w+ )?(?:create|list|view|read|add|edit|update|"
        r"delete|query|run|see|open|access|perform|execute|use|write|save)\b|\byou (?:cannot|may not|"
        r"are not able to|are unable to) (?:view|list|read|query|run|access|execute|perform|see)\b",
        unless=r"\b(?:department|location|project|class|vendor|customer|account) {VALUE}|\bsmart (?:rule|event)|"
        r"\bsession\b|{PERIOD}[^.;]*\b{CLOSED}",
    ),
    rule(
        "permission-missing",
        r"\b(?:not have|no|lacks?|without|insufficient|not granted|need|needs|"
        r"requires?) (?:\w+ ){0,3}access\b",
        unless=r"\b(?:entit(?:y|ies)|location|top[- ]level|exclusive)\b",
    ),
    rule(
        "permission-missing",
        r"\b(?:operation|access|function|action|request|call|permission)\b[^.;]{0,60}\b(?:denied|forbidden|"
        r"refused)\b",
        unless=r"\bconnection\b",
    ),
    rule(
        "permission-missing",
        r"^(?:you are )?not authori[sz]ed\b|^access (?:is )?denied\b|^(?:you are )?unauthori[sz]ed\b",
    ),
)
