"""Full-text search in the rule language."""
