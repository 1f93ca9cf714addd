"""The report's forms: Markdown, HTML, JSON, text."""
