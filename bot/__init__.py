"""Spend Center to Sage Intacct: what knows finance, and no Slack."""
