"""What must hold between blueprint, scale, bindings and lock: one module a concern, each a list of rules."""

from commonground.settings.rules.table import broken

__all__ = ["broken"]
