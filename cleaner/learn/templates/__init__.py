"""Templates: what recurs on the pages of one publisher, and is chrome."""
