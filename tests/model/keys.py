"""Keys of nodes that are made of two names, by the record contract: no two pairs of names have one key."""


def span_key(trace_id: str, span_id: str) -> str:
    """Return the key of an Invocation."""
    return _joined("/", "%2F", trace_id, span_id)


def version_key(subject: str, version: str) -> str:
    """Return the key of a version, or of a price by its time."""
    return _joined("@", "%40", subject, version)


def _joined(separator: str, code: str, *names: str) -> str:
    return separator.join("".join({"%": "%25", separator: code}.get(c, c) for c in name) for name in names)
