"""The Kubernetes stand-in: objects checked against the schemas of a version and kept as manifests."""
