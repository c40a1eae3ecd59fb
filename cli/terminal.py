"""What a model, a user or a server wrote is shown on a terminal, never obeyed by it."""


def shown(text: str) -> str:
    """Return text without what a terminal takes for commands: escapes, bells and the like."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
