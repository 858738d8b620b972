"""What texts share: the split that shares nothing, and near-duplicates."""
