"""The book in a real browser: every page, the control panel, demos, predictions, hostile text."""
