"""What a change means to a reviewer: data at risk, downtime, security, cost, or nothing much."""
