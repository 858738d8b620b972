"""The verbs that train a model and let it write."""
