from urllib.request import urlopen

from joppo.data.photos.data_uri import data_uri, markdown_picture


def test_the_uri_holds_the_bytes_and_their_type():
    content = bytes(range(256))
    with urlopen(data_uri(content, "image/png")) as found:
        assert found.read() == content
        assert found.headers["Content-Type"] == "image/png"


def test_markdown_shows_a_jpeg_unless_told_otherwise():
    assert markdown_picture("sheet", b"abc") == "![sheet](data:image/jpeg;base64,YWJj)"
