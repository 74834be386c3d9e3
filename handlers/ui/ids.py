"""Ids that more than one side has to know. An action is `<feature>.<verb>`, and so is a modal's callback id."""

from __future__ import annotations

SECRET_BLOCKS = frozenset({"password", "token", "client_secret"})
"""Block ids of inputs whose value is a secret: taken out of a submission before anything else looks at it, and never
given an initial value."""
