"""The graph of a preview."""
