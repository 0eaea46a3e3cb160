"""Keys for the tests that ask teachers over sockets."""

from tests.data.teachers.conftest import keys

__all__ = ["keys"]
