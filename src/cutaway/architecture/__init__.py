"""Architecture: how the parts make a model."""
