"""Parity: what two environments have that differs."""
