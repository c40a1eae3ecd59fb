"""What the scripts say, in the language of the page: sent with it, for no script knows a language.

A script asks for a message by its name: ``say("away")``. Places in braces are filled by it.
"""

from web.messages import _l
from web.pages.words import Words

SCRIPT_WORDS: Words = {
    "away": _l("The server does not answer. This page goes on by itself when it is back."),
    "gone": _l("This job is no longer here."),
    "file_too_large": _l("The file has {bytes} bytes; at most {most} are accepted."),
    "chart_epoch": _l("Epoch {epoch}"),
    "chart_epochs": _l("epoch"),
    "chart_loss": _l("nats a character"),
    "training_loss": _l("training"),
    "validation_loss": _l("validation"),
    "filled_in": _l("{count} filled in"),
    "default_choice": _l("{choice} (default)"),
}


def script_words() -> dict[str, str]:
    """Return all of it as plain text."""
    return {name: str(message) for name, message in SCRIPT_WORDS.items()}
