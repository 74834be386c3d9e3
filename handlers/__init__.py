"""What knows Slack, and no XML, SQL or HTTP."""
