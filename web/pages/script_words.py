"""What the scripts say, in the language of the page: sent with it, for no script knows a language.

A script asks for a message by its name: ``say("away")``. Places in braces are filled by it.
"""

from web.messages import _l
from web.pages.words import Words

SCRIPT_WORDS: Words = {
    "away": _l("The server does not answer. This page goes on by itself when it is back."),
    "gone": _l("This job is no longer here."),
    "file_too_large": _l("The file has {bytes} bytes; at most {most} are accepted."),
    "sent": _l("{percent}% of {size} MB sent"),
    "taking_in": _l("Sent. The text is being read and looked at…"),
    "not_sent": _l("The text could not be sent. Is the server running? Try again."),
    "sending_cancelled": _l("Sending was cancelled. Nothing was stored."),
    "refused": _l("The server refused the text. Reload the page and try again."),
    "dismiss": _l("Dismiss"),
    "chart_epoch": _l("Epoch {epoch}"),
    "chart_epochs": _l("epoch"),
    "chart_loss": _l("nats a character"),
    "training_loss": _l("training"),
    "validation_loss": _l("validation"),
    "default_choice": _l("{choice} (default)"),
}


def script_words() -> dict[str, str]:
    """Return all of it as plain text."""
    return {name: str(message) for name, message in SCRIPT_WORDS.items()}
