"""What must survive: tables, the vault, and queries by feature. The only SQL."""
