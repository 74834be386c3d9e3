"""The Sage Intacct XML gateway."""
