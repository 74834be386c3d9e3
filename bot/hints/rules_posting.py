"""Rules about what is posted: the company's own rules, receipts, duplicates, periods, money, fields, and lost answers.

The first rule that fits wins, so their order is part of the meaning.
"""

from __future__ import annotations

from bot.hints.rule import rule

_RULE = r"\b(?:smart[- ]?(?:rules?|events?)|(?:custom|customi[sz]ation|company|platform|validation|business)[- ](?:rules?|events?|validations?|triggers?))\b|\brule «\d+»|\bcustom(?:er)?[- ]defined (?:rule|validation)\b"

OWN_RULES = (
    rule(
        "attachment-required",
        _RULE,
        r"\b(?:attach\w*|supporting documents?|receipts?|supdocs?)\b",
    ),
    rule(
        "smart-rule",
        _RULE,
        unless=r"\brelationship\b",
    ),
)

ATTACHMENTS = (
    rule(
        "attachment-required",
        r"\b(?:attachments?|supporting document\w*|receipts?|supdocs?|supdocid|document images?)\b",
        r"\b(?:requir\w+|missing|(?:must|have to|has to|need to|should) (?:have|be|include|carry|attach)|"
        r"mandatory|needs?|needed|without|no|not (?:attached|provided|included|present)|attach an?)\b",
        unless=r"\b(?:too (?:large|big)|size|type|folder|upload\w*|extension|format|permission|exceed\w*)\b|"
        r"\bsynced\b|\bposted\b",
    ),
    rule(
        "attachment-refused",
        r"\b(?:attachments?|supporting documents?|receipts?|supdocs?|supdocid|attached file|"
        r"attachment folder|file(?: type| size| name| extension)|uploaded file)\b",
        r"\b(?:too (?:large|big)|sizes?|types?|folder|upload\w*|extension|format|not able|unable|fail\w*|"
        r"could not|cannot|exceed\w*|not (?:allowed|supported|accepted|found|saved|attached)|invalid|"
        r"unsupported|rejected|does not exist|mb)\b",
    ),
)

RECORDS = (
    rule(
        "request-repeated",
        r"\bcontrol[- ]?ids?\b|\buniqueid\b|\b(?:duplicate|repeated|identical|same|"
        r"already[- ]processed) (?:\w+ )?(?:request|function|call|message|submission)s?\b|\b(?:request|"
        r"function|call|message) (?:«\d+» )?(?:\w+ ){0,3}already\b|\b(?:this|the same|exact|identical|"
        r"your) (?:exact |same |very )?(?:request|call|message|function)\b[^.;:]{0,40}\b(?:earlier|before|"
        r"previously|twice)\b",
        r"\b(?:duplicat\w*|already|unique|repeat\w*|used|twice|again|identical|processed|seen|prior|"
        r"previous\w*|earlier)\b",
        unless=r"\bvendor|\bbeing processed",
    ),
    rule(
        "account-number-taken",
        r"\b(?:gl |g/l |ledger )?account(?: number| no\.?)?s?\b",
        r"\balready (?:exists?|taken|used|in use|assigned to|on file|belongs)\b|\bexists already\b|"
        r"\bduplicate account\b|\baccount number (?:must be|is not) unique\b|\bunique account number\b|"
        r"\balready (?:have|has|contains?) an? (?:\w+ )?account\b",
        unless=r"\b(?:transaction|document|reference|vendor|customer|bank|card)\b",
    ),
    rule(
        "reference-used",
        r"\b(?:transaction|document|reference|bill|invoice|check|payment|voucher|cheque)(?: (?:numbers?|"
        r"no\.?|nos\.?|ids?|references?))?\b|\breference\b",
        r"\balready\b|\banother (?:\w+ )?(?:transaction|record|document|entry|bill)\b[^.;]{0,20}\b(?:uses?|"
        r"has|with|bears|carries|holds)\b|\bduplicat\w*|\bnot unique\b|\bmust be unique\b|"
        r"\bunique (?:number|value|id|reference)|\bin use\b|\bused before\b|\bpreviously\b|\bexists\b",
        unless=r"\bdoes not exists?\b|\bduplicate prevention off\b|\balready (?:closed|locked|reversed|reconciled|"
        r"paid)|\b(?:locked|in use|edited|used) by\b|\brecord with|\bwith the (?:given|same) value|"
        r"\banother user|\b(?:period|books|subledger)\b",
    ),
    rule(
        "record-exists",
        r"\balready (?:exists?|been (?:used|taken|created|recorded|posted|entered|added)|taken|used|on file|"
        r"present|recorded|there|posted|in use(?! by)|in use by an?other record|assigned)\b|\bduplicat(?:e|es|ion)\b|"
        r"\bmust be unique\b|\bnot unique\b|\bunique (?:constraint|key)\b|\b(?:record|one|"
        r"entry) (?:like this |with (?:th\w+|the same) \w+(?: \w+)? )?(?:exists|is there) already\b|"
        r"\bexists already\b|\bsame (?:key|id|value)s?\b.*\bexists?\b",
        unless=r"\bdoes not already exist\b|\balready (?:closed|locked)\b|\b(?:period|books|"
        r"subledger)s?\b.*\bclosed\b",
    ),
)

PERIODS = (
    rule(
        "period-closed",
        r"\b(?:post|enter|record|date|book|accept)\w*\b[^.;]{0,30}\b(?:before|earlier than|prior to)\W{1,3}§\d+§",
        unless=r"\b(?:projects?|tasks?|contracts?|jobs?|employees?|vendors?|cards?)\b",
    ),
    rule(
        "period-closed",
        r"\b{PERIOD}\b[^.;]{0,90}?\b(?:is|are|was|were|has|have|been|being|got|gets|already|now|currently|"
        r"remains?|stays?|status|that is)\b[^.;]{0,45}?{CLOSED}",
        unless=r"\b(?:trial|grace|time) period\b|\banother user|\bby user\b|\bbeing (?:edited|updated|posted)|"
        r"\bdeadlock",
    ),
    rule(
        "period-closed",
        r"\b(?:closed|locked|non-?open|unopened|shut|frozen|finali[sz]ed) (?:«\d+» |§\d+§ )?(?:accounting |"
        r"fiscal |financial |gl |general |reporting |posting |prior |cash management |\w+ )?{PERIOD}\b",
        unless=r"\banother user|\bdeadlock",
    ),
    rule(
        "period-closed",
        r"\b{PERIOD}\b[^.;]{0,60}\b(?:closed|locked)(?:$|[^\w-]*(?:$|[.;:,)]| through| for| on| by| to| at|"
        " as of| since| until| in))",
        unless=r"\banother user|\bby user\b|\bdeadlock|«\d+» is|\binvalid\b|\bnot valid\b|\b(?:project|location|"
        "department|class|card|vendor|customer|job) {VALUE}",
    ),
    rule(
        "period-closed",
        r"\b{PERIOD}\b (?:\w+ ){0,3}?(?:(?:do|does|will|did) not accept|no longer accepts?|refuses?|"
        r"rejects?)\b|\b{PERIOD}\b[^.;]{0,20}\bopen (?:only )?(?:from|since|starting|beginning|as of|"
        r"after)\b|§\d+§ (?:or|and) (?:later|after|thereafter|newer|beyond)\b|§\d+§ onwards?\b|"
        r"\blater than §\d+§|\bnot\b[^.;]{0,30}\b(?:in|within|inside|into|of)\b (?:an?|any|the|"
        r"your)? ?(?:currently )?open (?:\w+ )?{PERIOD}\b|\bno (?:\w+ )?open (?:\w+ )?{PERIOD}\b|"
        r"\b{PERIOD}\b[^.;]{0,30}\bnot open\b|\b(?:not (?:in|within|inside|part of|fall (?:in|into|within))|"
        r"outside|out of) (?:of )?(?:an?|any|the|its|your) (?:currently )?open (?:\w+ )?{PERIOD}\b|"
        r"\bre-?open (?:the )?(?:\w+ ){0,3}{PERIOD}\b|\bopen (?:the|that|this) (?:\w+ )?{PERIOD}\b|"
        r"\bhard[- ]?close\b",
    ),
    rule(
        "period-closed",
        r"\b(?:dates?|dated|transactions?|entries|posting)\b",
        r"\b(?:must (?:be|fall|lie|not be)|cannot be|may not be|has to be|should be|is|are|be|falls?|lies?|"
        r"dated|earlier|before|prior)\b[^.;]{0,40}\b(?:on or after|no earlier|not earlier|earlier|later|"
        r"before|prior|precedes?|on or before|ahead of)\b[^.;]{0,60}(?:§\d+§|\b(?:open|close|closing|lock|"
        r"books|period|first (?:open )?day)\b)",
        unless=r"\b(?:projects?|tasks?|contracts?|cards?|jobs?|employees?|vendors?|customers?|departments?|"
        r"locations?)\b|\bpayment date|\bdue date",
    ),
    rule(
        "period-closed",
        r"\b(?:post|posts|posted|posting|book|booked|record|recorded|enter|entered|add|added|accepted|"
        r"dated?|made)\b[^.;]{0,60}§\d+§[^.;]{0,60}\b(?:closed|locked|not open|shut|frozen|"
        r"no longer (?:possible|open|allowed))\b|§\d+§(?: for| in| at)?[^.;,]{0,25}\b(?:is|was|are|has been|"
        r"have been|been|already) (?:\w+ )?(?:closed|locked|shut|frozen|not open)\b|\b(?:closed|"
        r"locked) (?:through|thru|until|up to|as of|for|since)\b[^.;]{0,20}§\d+§",
        unless=r"\b(?:project|location|department|class|card|vendor|customer|job|item|task|contract|"
        r"employee) {VALUE}|\b(?:project|location|department|vendor|customer|card|job|class) (?:is|was|"
        r"has)\b|\banother user|\b(?:no longer (?:active|valid)|inactive)\b",
    ),
    rule(
        "period-closed",
        r"\b(?:post|enter|record|date|book|accept)\w*\b[^.;]{0,30}\b(?:on or after|no earlier than|"
        r"not before|starting|only (?:from|after))\W{1,3}§\d+§",
    ),
    rule(
        "period-closed",
        r"\bdates?\b[^.;]{0,30}\b(?:precedes?|comes before|is (?:before|earlier than|"
        r"prior to))\b[^.;]{0,40}\b(?:open|lock|locked|close|closing|books|period|ledger)\b",
        unless=r"\b(?:projects?|tasks?|contracts?|jobs?)\b",
    ),
    rule(
        "period-closed",
        r"\bdates?(?: of)?\b[^.;]{0,60}\b(?:closed|locked) (?:\w+ ){0,2}(?:period|month|books|year|quarter|"
        r"time)|\bclos(?:ed|ing) (?:of )?the (?:books|period|month)\b|\b(?:books|"
        r"periods?)\b[^.;]{0,20}\bclosed\b|\b(?:after|since) (?:the )?(?:\w+ )?close\b|"
        r"\bpast (?:the )?(?:lock|close|closing) date\b|\b(?:before|prior to|precedes|on or before) (?:the|"
        r"your|its)? ?(?:\w+ )?(?:lock|close|closing)[- ]?(?:date|off)?\b|\bbatch(?:es)? (?:is|are|was|were|"
        r"has been) (?:already )?closed\b",
    ),
)

MONEY = (
    rule(
        "exchange-rate-missing",
        r"\b(?:exchange|conversion|currency|fx)[- ]?rates?\b",
        r"\b(?:set ?up|define|maintain|add|provide|no|not|missing|cannot|could not|unable|without|lacks?|"
        r"undefined|unavailable|required|needs?|enter|invalid)\b",
    ),
    rule(
        "currency-off",
        r"\b(?:foreign[- ]?currenc\w+|multi-?(?:ple )?[- ]?currenc\w+|mcp)\b",
        r"\b(?:enable\w*|subscri\w+|not|disabled|off|turn(?:ed)? on|inactive|without|requires?|"
        r"activate\w*)\b",
        unless=r"\b(?:card|charge card)\b.*\b(?:top[- ]level|root)\b",
    ),
    rule(
        "currency-mismatch",
        r"\bcurrenc(?:y|ies)\b|\bbase currency\b|\b(?:iso )?currency code\b|\btrx_currency\b",
        r"\b(?:not|differ\w*|mismatch\w*|must (?:be|match|equal)|invalid|same|does not|cannot|unknown|"
        r"unsupported|conflict\w*|other than|required|missing)\b",
    ),
    rule(
        "currency-mismatch",
        r"\b(?-i:USD|EUR|GBP|CAD|AUD|CHF|JPY|MXN|NZD|SEK|INR|ZAR)\b",
        r"\b(?:not (?:allowed|valid|permitted|supported|enabled|accepted|the|an?)|instead of|only|must be|"
        r"differ\w*|mismatch\w*|unknown)\b",
        unless=r"\b(?:department|location|project|class|vendor|customer|account|amount) {VALUE}",
    ),
    rule(
        "tax-detail-missing",
        r"\b(?:tax (?:details?|codes?|rates?|schedules?|groups?|solutions?|implications?|entr(?:y|ies)|"
        r"info\w*|id)|vat(?: code| detail| rate)?|gst|taxes)\b",
        r"\b(?:missing|required?|requires|must (?:have|be|include|carry)|needs?|without|(?:must|have to|"
        "need to|please) (?:provide|specify|choose|supply|select|enter|add)|not (?:been )?(?:provided|"
        "specified|supplied|given|entered|set|selected|assigned)|no|mandatory|blank|empty|enter|select|"
        r"choose|provide|pick|either)\b",
        unless=r"\bcannot be used\b|\bnot valid\b|«\d+» (?:is|does|cannot)|\binactive\b|"
        r"\bdoes not belong\b(?!.*\bmissing)",
    ),
    rule(
        "tax-detail-wrong",
        r"\b(?:tax (?:details?|codes?|rates?|schedules?|groups?|solutions?|entr(?:y|ies))|vat (?:code|"
        r"detail|rate|solution)s?|gst)\b",
        r"\b(?:not|invalid|cannot|inactive|belong\w*|wrong|unknown|does not|mismatch\w*|different|another|"
        r"expired)\b",
    ),
    rule(
        "negative-across-entities",
        r"\b(?:negative|credits?|refunds?)\b",
        r"\b(?:entit(?:y|ies)|inter-?entity)\b",
        r"\b(?:limits?|cannot|not|multiple|different|several|more than one|only|restrict\w*)\b",
    ),
    rule(
        "lines-across-entities",
        r"\binter-?entity\b|\bdue-(?:to|from)\b",
        unless=r"\bperiod|\bbooks|\bsubledger|\bcard\b",
    ),
    rule(
        "lines-across-entities",
        r"\binter-?entity\b|\bdue[- ](?:to|from) (?:and|or|/)|\bdue-(?:to|from)\b|\b(?:multiple|different|"
        r"several|more than one|two|another|other|across|same|single|one) (?:\w+ )?entit(?:y|ies)\b|"
        r"\bentit(?:y|ies)\b[^.;]{0,40}\b(?:differ\w*|do(?:es)? not match|mismatch\w*)\b",
        unless=r"\b(?:empty|blank|required|missing)\b|\bperiod|\bbooks|\bsubledger|\bcard\b",
    ),
    rule(
        "lines-unbalanced",
        r"\b(?:do(?:es)? not|not|un|out of|fail\w* to|must|cannot be) ?(?:in )?balanc\w*\b|"
        r"\bdebits?\b.*\bcredits?\b|\bcredits?\b.*\bdebits?\b.*\b(?:equal|differ|match)|\b(?:sum|"
        r"totals?)\b[^.;]{0,60}\b(?:differ\w*|not (?:the same|equal|match|agree|add up|tie)|do(?:es)? not (?:equal|"
        r"match|agree|add up|tie|correspond)|must (?:equal|match|agree)|unequal|mismatch\w*)\b|\b(?:lines?|"
        r"splits?|amounts?)\b[^.;]{0,40}\b(?:add up|sum up|sum to)\b",
    ),
)
