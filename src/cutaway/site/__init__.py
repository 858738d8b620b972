"""Pages: what was measured, to look at."""
