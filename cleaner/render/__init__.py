"""Render: Verdicts become text. Nothing else in the house drops a character."""
