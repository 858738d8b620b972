"""Corpora that are not here, fetched: by the user's own package installer, or by address."""
