"""Atoms: the smallest parts of a language model."""
