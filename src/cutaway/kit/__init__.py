"""The machinery of labs. It knows no lab and no language model."""
