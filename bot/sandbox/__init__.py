"""Three simulated far ends, so that a newcomer runs the whole thing without an account."""
