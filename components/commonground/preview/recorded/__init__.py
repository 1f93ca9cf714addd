"""From the engine's events, or somebody's log of them, to changes."""
