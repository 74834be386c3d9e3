"""The set-up as a conversation: steps as data, checks as pure verdicts."""
