"""A user's own text, read with care: files, folders, patterns."""
