"""Every message, modal and id: pure functions from our nouns to blocks."""
