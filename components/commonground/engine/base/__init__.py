"""What a change starts from: another commit's program, brought up offline, for this checkout's to be previewed against."""

from commonground.engine.base.preview import preview
from commonground.engine.base.revisions import AUTO, Revision, RevisionError, ShallowError, revision

__all__ = ["AUTO", "Revision", "RevisionError", "ShallowError", "preview", "revision"]
