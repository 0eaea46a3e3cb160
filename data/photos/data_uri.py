"""Pictures inside a text: pages and requests that can fetch nothing carry them as data URIs."""

import base64


def data_uri(content: bytes, media_type: str = "image/jpeg") -> str:
    """The bytes of a picture as a `data:` URI (RFC 2397)."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def markdown_picture(alt: str, content: bytes, media_type: str = "image/jpeg") -> str:
    """Markdown that shows the picture; whoever renders it needs neither the store nor the disk."""
    return f"![{alt}]({data_uri(content, media_type)})"
