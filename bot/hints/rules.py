"""The rules that are asked last, and the order of all.

Loose ones (a date, an amount, a lock, a lost answer) come after coding has been read. When no complaint is known at all,
the topic alone tells the category: an error that speaks of exchange rates is about exchange rates.
"""

from __future__ import annotations

from bot.hints.rule import Rule, rule
from bot.hints.rules_access import ACCESS, LIMITS, RIGHTS
from bot.hints.rules_posting import ATTACHMENTS, MONEY, OWN_RULES, PERIODS, RECORDS

_SPEND = r"\b(?:spend (?:center|& expense|and expense)|divvy|bill\.com|bill spend|bill (?:api|token)|bdc)\b"

SOURCE = (
    rule(
        "source-too-fast",
        _SPEND,
        r"\b(?:rate|limit\w*|too many|throttl\w*|slow down|per (?:minute|hour))\b",
    ),
    rule(
        "source-token-refused",
        _SPEND,
        r"\b(?:token|credential\w*|unauthori[sz]ed|forbidden|sign[- ]in|log ?in|not authori[sz]ed|access)\b",
    ),
    rule(
        "source-locked",
        _SPEND,
        r"\b(?:locked|islocked|cannot be (?:edited|changed)|read[- ]only)\b",
    ),
    rule(
        "source-native-sync",
        _SPEND,
        r"\b(?:already synced|already (?:posted|sent)|native sync|pending (?:in|with))\b",
    ),
    rule(
        "source-incomplete",
        _SPEND,
        r"\b(?:incomplete|not complete\w*|missing|required fields?|review)\b",
    ),
    rule(
        "source-mapping",
        r"\b(?:not mapped|no (?:intacct )?mapping|unmapped|mapping (?:is )?(?:missing|not found))\b",
        unless="inter-?entity",
    ),
)

FIELDS = (
    rule(
        "date-invalid",
        r"\b(?:dates?|whencreated|datecreated|paymentdate|day)\b",
        r"\b(?:invalid|not (?:a )?(?:valid|real|recogni[sz]ed|proper)|malformed|bad|illegal|"
        r"not a (?:\w+ )?date|pars\w+|interpret\w*|understood|incorrect|wrong|future|impossible|"
        "cannot be (?:parsed|read|in the future)|could not be (?:parsed|read|understood)|unparse?able|"
        "wrong format|format|missing|required|unreadable|does not exist|not (?:in|within) (?:a |"
        r"any )?(?:defined|known|existing)|outside)\b",
        unless=r"\b(?:projects?|tasks?|contracts?|cards?|jobs?|employees?|vendors?|customers?|departments?|"
        r"locations?|exchange|rates?|account)\b",
    ),
    rule(
        "date-invalid",
        r"\bno (?:\w+ )?(?:period|fiscal year|year)s? (?:is |are |has been |have been )?(?:defined|set up|"
        r"found|exists?|covers?|contains?)\b|\b(?:period|"
        r"fiscal year)s?\b[^.;]{0,30}\b(?:not (?:been )?(?:defined|set up|found|created)|does not exist|"
        "no such)",
    ),
    rule(
        "amount-missing",
        r"\b(?:amounts?|value of line|trx_?amount|paymentamount|totalentered)\b",
        r"\b(?:missing|zero|required?|requires|blank|empty|nil|null|cannot be|must (?:be|have|not)|"
        "not (?:a )?(?:valid|number|numeric|provided|specified|given|supplied|entered)|invalid|without|no|"
        r"enter|too (?:large|small|big)|negative|exceed\w*|greater|non-?zero|needs?|provide|specify|supply|"
        r"give|fill|lacks?|absent|omitted|wrong|incorrect)\b",
    ),
    rule(
        "amount-missing",
        r"\bextra line\b|\bzero[- ](?:value|amount|dollar)\b|\bmoney\b[^.;]{0,30}\b(?:not allowed|invalid|"
        r"too)\b|\bat least one line\b|\bno lines?\b|\bline (?:has|with|carries) no (?:amount|value)\b",
    ),
    rule(
        "text-too-long",
        r"\b(?:too long|maximum length|max(?:imum)?\.? (?:of )?\d+ char\w*|"
        r"exceed\w* (?:\w+ ){0,5}(?:characters?|length|size)|(?:longer|more|greater) than \d+ ?(?:char\w*|"
        r"symbols)?|characters? (?:long|limit|or (?:less|fewer))|character limit|at most \d+ char\w*|"
        r"no more than \d+ char\w*|length (?:cannot|must|of|is|exceeds?|limit)|shorten|"
        r"truncat\w+ (?:the )?(?:text|value|description|field|memo)|up to \d+ (?:characters|are|is)|"
        r"\d+ characters?)\b",
    ),
    rule(
        "text-format",
        r"\b(?:illegal (?:format|char\w*|value)|(?:invalid|unsupported|forbidden|disallowed|special|"
        "non-?ascii|unprintable|control) characters?|(?:wrong|bad|invalid|incorrect|improper|"
        r"unexpected) (?:\w+ )?format|not (?:a |in (?:a|the) )?(?:valid|correct|proper|expected|"
        r"right) (?:\w+ )?(?:format|number|e-?mail)|characters? (?:that )?(?:are|is) not (?:allowed|"
        "permitted|supported|valid)|format (?:is|of)|malformed (?:value|text|field)|cannot contain|"
        r"may not contain|must not contain|missing unit|non-?numeric|must be numeric|encoding)\b",
    ),
)

TROUBLE = (
    rule(
        "record-in-use",
        r"\b(?:somebody|someone|somebody else|someone else|another person)\b|\b(?:another|other|"
        r"different) (?:user|process|session|person|job)\b|\b(?:locked|held|used|updated|edited|modified|"
        r"changed|in use|blocked) by (?:another|an other|a different|some other) \w+|\bdeadlock\w*|"
        r"\bin use by\b|\bcurrently (?:in use|being|locked)\b|\bbeing (?:edited|modified|updated|used|"
        r"posted|processed|changed)\b|\block (?:wait|timeout|could not|conflict|on)\b|\b(?:could not|cannot|"
        r"unable to|failed to) (?:\w+ ){0,2}(?:acquire|obtain|get|place)\b[^.]{0,20}\block\b|\b(?:is|are|"
        r"was|been|record|batch|object)\b (?:\w+ )?locked\b|\b(?:is|are|currently|record|"
        r"object) (?:\w+ )?in use\b|\bchecked out\b|\bexclusive access\b|\blocked (?:by|for edit\w*)\b|"
        r"\bconcurrent (?:update|modification|edit|change)s?\b|\b(?:is|are) locked\b|\bopen in another\b|"
        r"\bis busy\b",
    ),
    rule(
        "no-answer",
        r"\bno record ?no\b|\brecord ?no\b[^.;]{0,25}\b(?:missing|not returned|absent|empty)|"
        r"\bmid[- ]?(?:process|way|flight|request|stream)\b|\b(?:timed|time)[- ]?out\b|\btimeout\b|"
        r"\bdid not (?:answer|respond|reply|complete|finish)\b|\b(?:connection|socket|stream|link|network|"
        r"response|transmission|peer|answer|reply|communication)\b[^.;]{0,40}\b(?:lost|dropped|reset|closed|"
        r"interrupted|aborted|broken|broke|cut|truncated|incomplete|terminated|unexpectedly|fail\w*|refused|"
        r"ended|went away|died|vanished)\b|\b(?:line|request|call)\b[^.;]{0,25}\b(?:dropped|lost|cut|"
        r"interrupted|hung|vanished)\b|\b(?:hang|hung)[- ]?up\b|\b(?:lost|dropped|broken|interrupted|"
        r"cut) (?:the )?(?:connection|link|line|response|answer|network)\b|\bbroken pipe\b|\bmidway\b|"
        r"\bhalf[- ]?way\b|\bpartially (?:processed|completed|saved)\b|\bno (?:response|answer|reply)\b|"
        r"\b(?:outcome|result|status|state)\b[^.;]{0,40}\b(?:unknown|unclear|undetermined|not (?:known|"
        r"determined)|cannot be determined|could not be (?:determined|confirmed))\b|\bunexpected end\b|"
        r"\bremote end\b|\bpremature\w*\b|\bpartial (?:response|answer|result|reply)\b|\bcut off\b|"
        r"\btook too long\b|\bmay (?:or may not )?have (?:been )?(?:\w+ )?(?:processed|posted|saved|"
        r"completed|created)\b|\bdeadline exceeded\b",
    ),
    rule(
        "gateway-trouble",
        r"\b(?:errors?|failure|problem) (?:in |while |when |during )?(?:processing|handling) (?:the|your|this) request\b|\bgateway\b",
    ),
    rule(
        "gateway-trouble",
        r"\b(?:error processing the request|temporar(?:y|ily)|off-?line|maintenance|unavailable|"
        "not available (?:right now|at this time|at the moment|now)|try again (?:later|in a)|"
        r"please try (?:again|later)|retry later|bad gateway|gateway (?:error|time-?out|fail\w*)|"
        r"service (?:error|is down|outage)|internal (?:server |system |processing )?(?:error|fail\w*)|"
        r"unexpected (?:\w+ )?error|system (?:error|failure|is down|is busy)|server (?:error|is busy|busy|"
        r"overload\w*)|overloaded|upstream|outage|unhandled exception|something went wrong|"
        r"technical (?:difficult\w+|problem|error)|unable to (?:process|complete|handle) (?:the|your|"
        "this) request|could not (?:process|complete) (?:the|your|this) request|downtime|"
        r"scheduled (?:maintenance|downtime|outage)|html|<!doctype|cloudflare)\b",
    ),
)

TOPICS = (
    rule(
        "smart-rule",
        r"\bsmart[- ]?(?:rule|event)",
    ),
    rule(
        "attachment-refused",
        r"\b(?:attachments?|supporting documents?|supdoc\w*|receipts?|uploads?|uploaded files?)\b",
    ),
    rule(
        "exchange-rate-missing",
        r"\b(?:exchange|conversion) rates?\b",
    ),
    rule(
        "tax-detail-wrong",
        r"\btax (?:details?|codes?|solutions?|schedules?|groups?)\b|\bvat\b|\bgst\b",
    ),
    rule(
        "request-policy",
        r"\btransport polic|\bpolicyid\b",
    ),
    rule(
        "request-repeated",
        r"\bcontrol ?-?ids?\b|\buniqueid\b",
    ),
    rule(
        "request-schema",
        r"\b(?:xml|dtd\w*|schema|child elements?|root element)\b",
    ),
    rule(
        "sign-in-ran-out",
        r"\bsessions?\b",
        unless=r"\bspend\b",
    ),
    rule(
        "sender-not-authorized",
        r"\bsenders?(?: ?ids?)?\b|\bweb services (?:authori[sz]ation|request)s?\b",
        levels="authentication function",
    ),
    rule(
        "sender-refused",
        r"\bsenders?(?: ?ids?)?\b|\bpartner(?: ?ids?)?\b",
        levels="control",
    ),
    rule(
        "entity-no-access",
        r"\bentit(?:y|ies)\b|\blocation ?ids?\b|\btop[- ]level\b",
        levels="authentication",
    ),
    rule(
        "too-many-requests",
        r"\bthrottl|\bconcurren(?:t|cy)\b|\bsimultaneous|\bfrequency\b|\brequest rate\b|\brequests? per\b|"
        r"\bcall volume\b|\b(?:too many|fewer|excessive) (?:\w+ )?(?:requests?|calls?)\b",
    ),
    rule(
        "permission-missing",
        r"\b(?:permissions?|privileges?|not authori[sz]ed|unauthori[sz]ed|access denied|not entitled|"
        r"access rights?)\b",
    ),
    rule(
        "module-off",
        r"\b(?:subscri(?:bed?|ptions?|bing)|unsubscribed|licen[cs]e[ds]?)\b",
    ),
    rule(
        "currency-mismatch",
        r"\bcurrenc(?:y|ies)\b",
    ),
    rule(
        "period-closed",
        r"\b(?:accounting|fiscal|reporting|posting|closed|open|locked|gl) periods?\b|"
        r"\bperiods?\b[^.;]{0,40}\b(?:close|lock|open)|\b(?:the|your) books\b|\bsub-? ?ledgers?\b|"
        r"\bclos(?:e|ing) date\b|\block date\b|\b(?:earliest|first|oldest|minimum) (?:\w+ )?(?:date|day|"
        r"period|month)\b|\bmonth[- ]end close\b",
    ),
)
"""What a text is about when its complaint was worded in no known way: the topic of an error tells its category."""

LAST = (
    rule(
        "text-too-long",
        r"\b(?:characters?|length|too long|too short)\b",
    ),
    rule(
        "lines-unbalanced",
        r"\bdebits?\b.*\bcredits?\b|\bbalanced?\b.*\bentr(?:y|ies)\b|\bout[- ]of[- ]balance\b",
    ),
    rule(
        "date-invalid",
        r"\b(?:transaction|posting|payment|entry) date\b|\bwhencreated\b|^(?:the )?date\b",
    ),
    rule(
        "amount-missing",
        r"\bamounts?\b",
    ),
    rule(
        "record-in-use",
        r"\b(?:deadlock\w*|locked|in use|lock)\b",
    ),
    rule(
        "reference-used",
        r"\balready\b|\bduplicat\w+|\bnot unique\b|\breused?\b",
    ),
    rule(
        "no-answer",
        r"\b(?:lost|connection|time-?out|timed out|network|unreachable|interrupted|aborted|disconnect\w*)\b",
    ),
    rule(
        "sign-in-refused",
        r"\b(?:passwords?|credentials?|log ?in|sign[- ]?in)\b",
    ),
)

BEFORE_CODING: tuple[Rule, ...] = (
    *OWN_RULES, *SOURCE, *LIMITS, *ACCESS, *RIGHTS, *ATTACHMENTS, *RECORDS, *PERIODS, *MONEY,
)  # fmt: skip
AFTER_CODING: tuple[Rule, ...] = (*FIELDS, *TROUBLE)
