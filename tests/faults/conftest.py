"""The finished quick study, shared with the tests of the workflow."""

from workflow.conftest import finished

__all__ = ["finished"]
