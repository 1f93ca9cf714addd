"""Pull and merge requests: where a report is put."""
