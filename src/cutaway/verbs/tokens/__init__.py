"""The verbs of `cutaway tokens`."""
