"""The AWS stand-in: a table of resource types behind Pulumi's provider protocol."""
