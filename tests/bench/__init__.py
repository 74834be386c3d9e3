"""How fast and how large: the whole program against far ends of a stated speed, printed beside the goals.

    python -m tests.bench                  all figures, some eight minutes on two idle cores
    python -m tests.bench --quick          small numbers and a tenth of the waiting, to see that it works
    python -m tests.bench --only posting   some of the scenarios
    python -m tests.bench --scale 0.1      the far ends' service times divided by ten

Far ends and bot are processes of their own, so that the one's work does not count as the other's. The service times
are assumed, not published by Intacct: ratios to the limit carry over to another gateway, seconds do not.
"""
