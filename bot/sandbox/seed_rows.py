"""The 200 transactions of the story, as a cardholder's month would read. Amounts are fixed; only days depend on today.

One line is `card | merchant | amount | account | department | project | note | marks`; an empty department or project
is none. Marks: `evening` (after work), `23:40` (at that time), `authorised` (an authorisation came first), `locked`,
`no receipt`, `boulder` (coded to location 250), `fx 412.00 EUR 1.0841` (charged, currency, rate), `split 238.40 6610 60
tape` (a second line of that amount, account, department and note; the first keeps the rest).
The lines of a table are in the order of time; `TABLES` says over which days each is spread.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum


class Span(Enum):
    """The days that a table is spread over, evenly and in its order. "The month" is the one that is being closed."""

    WINDOW = "from the month's first day to yesterday"
    MONTH = "the month, first and last day included"
    LATE = "the month's day 24"
    LAST = "the month's last day"
    LAST_TWO = "the month's last two days"
    AFTER = "from the first day after the month to yesterday"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table. `marks` maps a mark's first word to the rest of it."""

    card: str
    merchant: str
    amount: Decimal
    account: str
    department: str
    project: str
    note: str
    marks: dict[str, str]


def lines(table: str) -> list[Line]:
    return [_line(text) for text in table.strip().splitlines()]


def _line(text: str) -> Line:
    cells = [cell.strip() for cell in text.split("|")]
    card, merchant, amount, account, department, project, note = cells[:7]
    marks = [mark.strip().partition(" ") for mark in "".join(cells[7:]).split(";") if mark.strip()]
    worded = {word: rest for word, _, rest in marks}
    return Line(card, merchant, Decimal(amount), account, department, project, note, worded)


PORTLAND_TRAVEL = """
4417 | Blue Mesa Air           |   612.40 | 6420 |    |        | PDX to DEN, fall buying
8846 | Northgate Parking       |    27.80 | 6420 |    |        | two days, airport
4417 | Lantern Hotels          |   488.10 | 6420 |    |        | two nights, fall buying | evening
7718 | Tidewater Rail          |    96.00 | 6420 |    |        | Portland to Seattle and back
8846 | Fernway Car Rental      |   186.45 | 6420 |    |        | dealer visits, Bend
4417 | Coastline Shuttle       |    38.75 | 6420 |    |        | airport to showroom
8846 | Harborlight Inn         |   189.40 | 6420 |    |        | dealer visits, Bend | evening
7718 | Blue Mesa Air           |   418.30 | 6420 |    |        | PDX to SLC, fair set-up
4417 | Cascade Wings           |   298.70 | 6420 |    |        | PDX to SFO
7718 | Quayside Hotel          |   357.90 | 6420 |    |        | fair set-up, two nights | evening
4417 | Harborlight Inn         |   211.85 | 6420 |    |        | supplier visit | evening
8846 | Tidewater Rail          |    48.50 | 6420 |    |        | Eugene dealers
8846 | Blue Mesa Air           |   387.65 | 6420 |    |        | PDX to BOI, key account
8846 | Lantern Hotels          |   372.60 | 6420 |    |        | key account, Boise | evening
4417 | Bluebird Airport Parking |    61.35 | 6420 |    |        | four days
4417 | Meridian Air            |   455.15 | 6420 |    |        | PDX to MSP, boot supplier | locked
4417 | Alder Street Inn        |   233.10 | 6420 |    |        | boot supplier | evening
7718 | Coastline Shuttle       |    42.50 | 6420 |    |        | to the fair grounds | no receipt
7718 | Summit Ridge Lodge      |   274.45 | 6420 |    |        | photo crew, Mount Hood | evening
8846 | Tidewater Rail          |    72.25 | 6420 |    |        | Seattle dealers
8846 | Alder Street Inn        |   156.20 | 6420 |    |        | Seattle dealers | evening
4417 | Cascade Wings           |   341.25 | 6420 |    |        | PDX to LAX, swimwear
4417 | Harborlight Inn         |   402.15 | 6420 |    |        | swimwear, two nights | evening
4417 | Fernway Car Rental      |   243.70 | 6420 |    |        | swimwear, two days
8846 | Blue Mesa Air           |   264.80 | 6420 |    |        | PDX to SMF
8846 | Coastline Shuttle       |    29.95 | 6420 |    |        | Sacramento
7718 | Tidewater Rail          |    64.75 | 6420 |    |        | press day, Seattle
8846 | Lantern Hotels          |   244.05 | 6420 |    |        | Sacramento | evening; locked
4417 | Blue Mesa Air           |   329.45 | 6420 |    |        | PDX to DEN, store visit
4417 | Northgate Parking       |    53.60 | 6420 |    |        | three days
7718 | Fernway Car Rental      |   132.85 | 6420 |    |        | photo crew, coast
7718 | Harborlight Inn         |   167.30 | 6420 |    |        | photo crew, coast | evening
8846 | Cascade Wings           |   276.90 | 6420 |    |        | PDX to OAK
8846 | Lantern Hotels          |   318.75 | 6420 |    |        | Oakland dealers | evening
4417 | Tidewater Rail          |    58.90 | 6420 |    |        | Vancouver WA to Olympia
4417 | Meridian Air            |   148.95 | 6420 |    |        | PDX to PHX, tent supplier
4417 | Quayside Hotel          |   107.85 | 6420 |    |        | tent supplier | evening
"""
"""37 rows, $8,214.60: account 6420 without the department that it requires."""

PORTLAND_SOFTWARE = """
2093 | Quillcast               |  1188.00 | 6215 | 70 |        | newsletter tool, yearly
2093 | Northlight Backup       |   540.00 | 6215 | 70 |        | store servers, half a year
2093 | Pixelbarn               |   264.00 | 6215 | 35 |        | picture library
2093 | Tidelog                 |   178.80 | 6215 | 60 |        | stock counts, three seats
2093 | Formfold                |   129.60 | 6215 | 95 |        | return forms
2093 | Quillcast               |    87.60 | 6215 | 70 |        | extra contacts
"""
"""6 rows, $2,388.00: on 6215 Software (old), which is inactive."""

PORTLAND_REFUND = """
7718 | Summit Trade Fair       |  -640.00 | 6330 | 90 |        | booth cancelled, one half
"""
"""1 row, -$640.00: the first refund of this company."""

PORTLAND_EVE = """
8846 | Rose City Cab           |    41.35 | 6425 | 20 |        | home after the dealer dinner | 23:40
"""
"""1 row of the 80 that post: shortly before midnight of the month's last day."""

PORTLAND_POSTS = """
6102 | Juniper Fuel            |    61.38 | 6510 | 65 |        | van 2
5521 | Copper Kettle Coffee    |    42.60 | 6450 | 40 |        | beans, front shop
3370 | Northwind Freight       |   913.27 | 6520 | 60 |        | pallets to Denver
7718 | Summit Trade Fair       |  1280.00 | 6330 | 90 |        | booth 114, two halves
9254 | Larkspur Hosting        |   247.18 | 6220 | 25 |        | web shop, sale load | authorised
5521 | Fernhill Office Supply  |   138.42 | 6120 | 40 |        | till rolls and labels
6102 | Juniper Fuel            |    58.91 | 6510 | 65 |        | van 1
7718 | Bright Orbit Ads        |  1242.37 | 6320 | 30 | P-1050 | search ads
8846 | Marigold Kitchen        |    86.45 | 6440 | 20 |        | lunch with Alpine Dealers | evening
2093 | Tallgrass Cloud         |  1124.63 | 6210 | 70 |        | seats for the shops
3370 | Cedar Box Packaging     |   684.19 | 6620 | 60 |        | mailers, three sizes | split 238.40 6610 60 tape
5521 | Rosewell Cleaning       |   312.75 | 6720 | 75 |        | shop windows
6102 | Harlan Auto Works       |   467.83 | 6530 | 65 |        | van 2, brakes
9254 | Bitwell Electronics     |   389.94 | 6130 | 70 |        | two label printers | authorised
5521 | Copper Kettle Coffee    |    39.85 | 6450 | 40 |        | beans | no receipt
7718 | Copperline Printing     |   946.28 | 6310 | 35 | P-1050 | catalog proofs
4417 | Papier Lune             |   446.65 | 6140 | 50 |        | paper samples | fx 412.00 EUR 1.0841
8846 | Blue Mesa Air           |   374.20 | 6420 | 20 |        | PDX to SEA, dealer day
3370 | Ironwood Hardware       |   127.36 | 6610 | 60 |        | shelf brackets
6102 | Juniper Fuel            |    64.07 | 6510 | 65 |        | van 2
7718 | Foxglove Studio         |  1464.50 | 6325 | 35 | P-1050 | jackets, one day
5521 | Fieldstone Displays     |  1618.64 | 6630 | 45 |        | winter tables | split 412.29 6710 75 fitting
9254 | Skyline Telecom         |   428.56 | 6810 | 70 |        | lines, both shops
2093 | Tallgrass Cloud         |   318.12 | 6210 | 25 |        | search add-on
5521 | Bramble Bakery          |    57.25 | 6440 | 40 |        | stock-taking breakfast | no receipt
3370 | Northwind Freight       |   571.46 | 6520 | 60 |        | tents, from the port
6102 | Stonebridge Tires       |   338.92 | 6530 | 65 |        | van 1, front pair
4417 | Atelier Fjord           |   586.10 | 6140 | 50 |        | knitwear samples | fx 438.50 GBP 1.3366
7718 | Willow Press            |   623.87 | 6310 | 30 |        | window posters | split 187.15 6320 30 street boards
8846 | Harvest Moon Grill      |   142.30 | 6440 | 20 |        | dinner with two dealers | evening
5521 | Fernhill Office Supply  |    94.68 | 6120 | 40 |        | price tags
6102 | Juniper Fuel            |    59.44 | 6510 | 65 |        | van 1
9254 | Bitwell Electronics     |   219.37 | 6130 | 70 |        | scanner for returns
2093 | Ledgerleaf              |   348.75 | 6210 | 15 |        | expense archive
3370 | Cedar Box Packaging     |   412.58 | 6620 | 60 |        | tape and fill
7718 | Bright Orbit Ads        |   876.94 | 6320 | 30 | P-1050 | social ads
5521 | Copper Kettle Coffee    |    44.10 | 6450 | 40 |        | beans
4417 | Trailhead Outfit Lab    |   278.43 | 6140 | 50 |        | three test packs
6102 | Riverside Car Wash      |    26.95 | 6530 | 65 |        | van 2 | no receipt
5521 | Rosewell Cleaning       |   312.75 | 6720 | 75 |        | shop floor
7718 | Summit Trade Fair       |   738.26 | 6330 | 90 |        | power and carpet
3370 | Ironwood Hardware       |    83.17 | 6610 | 60 |        | hooks and chain
9254 | Larkspur Hosting        |   251.72 | 6220 | 25 |        | web shop
8846 | Lantern Hotels          |   196.35 | 6420 | 20 |        | dealer day, Seattle | evening
2093 | Signpost Maps           |   164.29 | 6210 | 25 |        | store finder
5521 | Greenway Waste          |   189.64 | 6710 | 75 |        | cardboard, monthly
6102 | Juniper Fuel            |    67.22 | 6510 | 65 |        | van 2
7718 | Foxglove Studio         |   892.16 | 6325 | 35 | P-1050 | boots, half a day
5521 | Marlow Uniforms         |   743.09 | 6640 | 40 |        | aprons, both sizes | split 209.74 6640 60 warehouse
4417 | Fielding Textiles       |   219.86 | 6140 | 50 |        | fleece swatches
3370 | Northwind Freight       |   648.33 | 6520 | 60 |        | returns to maker
9254 | Bitwell Electronics     |   861.45 | 6130 | 70 |        | till computer
8846 | Copper Kettle Coffee    |    23.40 | 6440 | 20 |        | with a dealer | no receipt
5521 | Bramble Bakery          |    61.80 | 6440 | 40 |        | late opening | no receipt
6102 | Harlan Auto Works       |   184.26 | 6530 | 65 |        | van 1, oil
7718 | Willow Press            |   417.93 | 6310 | 35 | P-1050 | order cards
2093 | Tallgrass Cloud         |   283.07 | 6210 | 60 |        | warehouse seats
5521 | Fernhill Office Supply  |   117.54 | 6120 | 15 |        | binders for the close
3370 | Cedar Box Packaging     |   356.71 | 6620 | 60 |        | long boxes
4417 | Trailhead Outfit Lab    |   164.98 | 6140 | 50 |        | lamps to test
7718 | Magpie Gifts            |   236.47 | 6320 | 30 |        | stickers and pins
6102 | Juniper Fuel            |    62.79 | 6510 | 65 |        | van 1
8846 | Marigold Kitchen        |    74.15 | 6440 | 20 |        | lunch with a key account | evening; no receipt
5521 | Evergreen Plants        |   148.36 | 6630 | 45 |        | window firs
9254 | Skyline Telecom         |   131.48 | 6810 | 70 |        | data for the vans
7718 | Bright Orbit Ads        |   887.61 | 6320 | 30 | P-1050 | display ads | authorised
3370 | Ironwood Hardware       |    96.24 | 6610 | 60 |        | tape measures, gloves
5521 | Copper Kettle Coffee    |    40.95 | 6450 | 40 |        | beans
2093 | Cobalt Security         |   594.38 | 6210 | 70 |        | card terminals, check
6102 | Juniper Fuel            |    60.53 | 6510 | 65 |        | van 2
5521 | Rosewell Cleaning       |   327.40 | 6720 | 75 |        | deep clean
7718 | Copperline Printing     |   968.14 | 6310 | 35 | P-1050 | catalog, first run | split 246.80 6520 60 delivery
3370 | Northwind Freight       |   532.68 | 6520 | 60 |        | pallets to Denver
8846 | Alpine Trade Academy    |   345.90 | 6910 | 85 |        | boot fitting course
9254 | Larkspur Hosting        |   249.05 | 6220 | 25 |        | web shop
4417 | Fielding Textiles       |   307.42 | 6140 | 50 |        | down samples
5521 | Fernhill Office Supply  |    88.73 | 6120 | 40 |        | gift wrap ribbon
6102 | Riverside Car Wash      |    28.45 | 6530 | 65 |        | van 1
7718 | Magpie Gifts            |   183.47 | 6320 | 30 |        | tote bags for members
"""
"""79 rows; with the one before midnight 80, $29,942.82, that post at once."""

DENVER_CLOSED = """
4079 | Cedar Ridge Lodge       |  1104.20 | 6430 | 90 |        | guide training, six rooms
2665 | Ridgeline Rental        |   506.75 | 6540 | 40 |        | climbing wall
1186 | Juniper Fuel            |    68.95 | 6510 | 65 |        | shop truck
4079 | Bluff Street Catering   |   256.55 | 6440 | 90 |        | guide training, lunch
"""
"""4 rows, $1,936.45: dated in the month for which Denver's Cash Management is closed."""

DENVER_PROJECT = """
7931 | Copperline Printing     |   799.00 | 6310 | 35 | P-1042 | fall catalog, reprint
7931 | Foxglove Studio         |   214.30 | 6325 | 35 | P-1042 | two missing shots
7931 | Willow Press            |   114.50 | 6310 | 35 | P-1042 | fall catalog, order cards
"""
"""3 rows, $1,127.80: on project P-1042, which is completed."""

DENVER_BOULDER = """
3842 | Hearth & Harvest        |   301.15 | 6440 | 40 |        | team dinner | boulder; evening
3842 | Flatiron Storage        |   185.15 | 6710 | 75 |        | last unit, Boulder | boulder
"""
"""2 rows, $486.30: at location 250 Boulder, which was closed."""

DENVER_POSTS = """
1186 | Juniper Fuel            |    71.42 | 6510 | 65 |        | shop truck
5408 | Mile High Freight       |   386.91 | 6520 | 60 |        | pallets from Portland
4079 | Summit Trade Fair       |   718.44 | 6330 | 90 |        | winter fair, corner booth
2665 | Peak Office Depot       |   104.37 | 6120 | 40 |        | till rolls
3842 | Blue Mesa Air           |   356.15 | 6420 | 20 |        | DEN to ABQ, dealers
3842 | Lantern Hotels          |   228.70 | 6420 | 20 |        | Albuquerque | evening
7931 | Bright Orbit Ads        |   963.28 | 6320 | 30 | P-1050 | local ads
1186 | Larimer Coffee Roasters |    38.25 | 6450 | 40 |        | beans
5408 | Cedar Box Packaging     |   297.46 | 6620 | 60 |        | mailers
2665 | Clearview Cleaning      |   284.90 | 6720 | 75 |        | shop floor
4079 | Banner Works            |   612.83 | 6630 | 45 |        | fair back wall | split 148.33 6330 90 hanging
3842 | Mesa Street Kitchen     |    96.75 | 6440 | 20 |        | lunch with dealers | evening
1186 | Rocky Hill Tires        |   312.58 | 6530 | 65 |        | shop truck, rear pair
5408 | Granite Hardware        |    77.63 | 6610 | 60 |        | shelf pins
7931 | Maple & Birch Supply    |   351.28 | 6630 | 45 |        | birch rounds | fx 482.00 CAD 0.7288
2665 | Front Range Telecom     |   276.44 | 6810 | 70 |        | shop lines
1186 | Juniper Fuel            |    66.08 | 6510 | 65 |        | shop truck
3842 | Tidewater Rail          |    62.40 | 6420 | 20 |        | Fort Collins dealers
4079 | Bluff Street Catering   |   428.15 | 6440 | 90 |        | fair opening | split 121.60 6910 85 staff course
5408 | Mile High Freight       |   394.72 | 6520 | 60 |        | fair freight
7931 | Willow Press            |   338.61 | 6310 | 30 |        | posters
2665 | Aspen Locksmith         |   143.85 | 6710 | 75 |        | staff door
1186 | Larimer Coffee Roasters |    41.60 | 6450 | 40 |        | beans | no receipt
3842 | Harborlight Inn         |   204.95 | 6420 | 20 |        | Fort Collins | evening
5408 | Cedar Box Packaging     |   186.29 | 6620 | 60 |        | tape
4079 | Ridgeline Rental        |   537.18 | 6540 | 90 |        | fair tent
7931 | Foxglove Studio         |   684.37 | 6325 | 35 | P-1050 | ski wear, half a day
2665 | Peak Office Depot       |    83.46 | 6120 | 40 |        | signs and markers
1186 | Juniper Fuel            |    69.83 | 6510 | 65 |        | shop truck
3842 | Fernway Car Rental      |   148.52 | 6420 | 20 |        | Fort Collins dealers
5408 | Granite Hardware        |   119.74 | 6610 | 60 |        | rack wheels
4079 | Magpie Gifts            |   264.19 | 6320 | 90 |        | fair giveaways
7931 | Bright Orbit Ads        |   746.53 | 6320 | 30 | P-1050 | snow alert ads | authorised
2665 | Clearview Cleaning      |   284.90 | 6720 | 75 |        | after the fair
1186 | Canyon Auto Care        |   226.37 | 6530 | 65 |        | shop truck, oil and belts
3842 | Mesa Street Kitchen     |    58.30 | 6440 | 20 |        | with a dealer | no receipt
5408 | Mile High Freight       |   441.06 | 6520 | 60 |        | returns to Portland
4079 | Alpine Trade Academy    |   376.80 | 6910 | 85 |        | avalanche course
7931 | Copperline Printing     |   523.94 | 6310 | 35 | P-1050 | shop catalog stand
2665 | Fieldstone Displays     |   894.67 | 6630 | 45 |        | glove wall | split 219.38 6710 75 fitting
1186 | Juniper Fuel            |    64.91 | 6510 | 65 |        | shop truck
3842 | Cascade Wings           |   287.35 | 6420 | 20 |        | DEN to PDX, sales meeting
3842 | Alder Street Inn        |   176.40 | 6420 | 20 |        | sales meeting | evening
5408 | Wasatch Equipment       |   618.52 | 6710 | 60 |        | pallet lift, service
2665 | Peak Office Depot       |   136.28 | 6120 | 40 |        | receipt paper
4079 | Bluff Street Catering   |   187.65 | 6440 | 90 |        | volunteers
7931 | Signpost Maps           |   118.43 | 6210 | 30 |        | trail maps
1186 | Larimer Coffee Roasters |    36.90 | 6450 | 40 |        | beans
5408 | Cedar Box Packaging     |   243.57 | 6620 | 60 |        | ski boxes
2665 | Snowline Heating        |   618.74 | 6710 | 75 |        | shop boiler
3842 | Copper Kettle Coffee    |    18.75 | 6440 | 20 |        | airport | no receipt
1186 | Juniper Fuel            |    72.16 | 6510 | 65 |        | shop truck
7931 | Bright Orbit Ads        |   412.09 | 6320 | 30 | P-1050 | weekend ads
4079 | Banner Works            |   229.36 | 6630 | 45 |        | sale flags
5408 | Granite Hardware        |    94.18 | 6610 | 60 |        | salt and shovels
2665 | Front Range Telecom     |    98.26 | 6810 | 70 |        | guest wifi
3842 | Meridian Air            |   318.60 | 6420 | 20 |        | DEN to SLC, dealers
3842 | Quayside Hotel          |   164.85 | 6420 | 20 |        | Salt Lake City | evening
1186 | Marlow Uniforms         |   487.13 | 6640 | 40 |        | ski bench aprons | split 96.40 6610 40 hooks
5408 | Mile High Freight       |   352.48 | 6520 | 60 |        | sledges
7931 | Willow Press            |   138.26 | 6310 | 30 |        | window clings
4079 | Summit Trade Fair       |   192.69 | 6330 | 90 |        | storage, badge printer
2665 | Evergreen Plants        |    93.52 | 6630 | 45 |        | door firs
1186 | Juniper Fuel            |    63.77 | 6510 | 65 |        | shop truck
5408 | Larimer Coffee Roasters |    24.35 | 6450 | 60 |        | night shift | no receipt
2665 | Clearview Cleaning      |   184.90 | 6720 | 75 |        | windows
3842 | Mesa Street Kitchen     |    88.20 | 6440 | 20 |        | lunch with a key account | evening
"""
"""67 rows, $18,026.20, that post at once."""

TABLES = {
    "portland-travel": (PORTLAND_TRAVEL, Span.MONTH),
    "portland-software": (PORTLAND_SOFTWARE, Span.MONTH),
    "portland-refund": (PORTLAND_REFUND, Span.LATE),
    "portland-eve": (PORTLAND_EVE, Span.LAST),
    "portland": (PORTLAND_POSTS, Span.WINDOW),
    "denver-closed": (DENVER_CLOSED, Span.LAST_TWO),
    "denver-project": (DENVER_PROJECT, Span.AFTER),
    "denver-boulder": (DENVER_BOULDER, Span.AFTER),
    "denver": (DENVER_POSTS, Span.AFTER),
}
