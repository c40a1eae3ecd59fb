"""What the scripts say, in the language of the page: sent with it, for no script knows a language.

A script asks for a message by its name: ``say("away")``. Places in braces are filled by it.
"""

from web.messages import _l
from web.pages.words import Words

SCRIPT_WORDS: Words = {
    "away": _l("The server does not answer. This page goes on by itself when it is back."),
    "gone": _l("This job is no longer here."),
    "file_too_large": _l("The file has {bytes} bytes; at most {most} are accepted."),
    "sent": _l("{percent} percent of {size} MB sent"),
    "taking_in": _l("Sent. The text is being read and looked at…"),
    "not_sent": _l("The text could not be sent. Is the server running? Try again."),
    "sending_cancelled": _l("Sending was cancelled. Nothing was stored."),
    "refused": _l("The server refused the text. Reload the page and try again."),
    "dismiss": _l("Dismiss"),
    "chart_epoch": _l("Epoch {epoch}"),
    "chart_epochs": _l("epoch"),
    "chart_loss": _l("nats a character"),
    "chart_rate": _l("learning rate"),
    "chart_value": _l("{line} {value}"),
    "training_loss": _l("training"),
    "validation_loss": _l("validation"),
    "to_come": _l("still to come"),
    "being_written": _l("being written"),
    "verifying": _l("It is being written again…"),
    "not_answered": _l("The server did not answer. Try again."),
    "more_of_it": _l("More of it"),
    "filled_in": _l("{count} filled in"),
    "default_choice": _l("{choice} (default)"),
}
# The writing desk.
SCRIPT_WORDS |= {
    "desk_writes": _l("The model writes…"),
    "desk_waits": _l("Waiting for a worker: it writes as soon as one is free."),
    "desk_wrote": _l("The model wrote {count} characters."),
    "desk_stopped": _l("Stopped after {count} characters."),
    "desk_failed": _l("The text could not be written. Try again, or see the list of jobs."),
    "desk_gone": _l("This model is no longer here. Choose another one."),
    "desk_reload": _l("The service was set up anew since this page was opened. Load it again."),
    "desk_copied": _l("The text is copied."),
    "desk_not_copied": _l(
        "The browser did not let the text be copied. Select it and copy it by hand."
    ),
    "desk_characters": _l("{count} characters"),
    "desk_bits": _l("{bits} bits a character"),
    "desk_choice": _l("{character}, {percent}"),
    "desk_undone": _l("Undone."),
    "desk_redone": _l("Done again."),
    "desk_reading": _l("“{character}” had {percent}: {bits} bits, rank {rank}."),
    "desk_reading_likelier": _l(
        "“{character}” had {percent}: {bits} bits, rank {rank}. Likelier: {likelier}"
    ),
    "desk_reading_unknown": _l("The model does not know “{character}”."),
    "desk_not_read": _l("Not read yet."),
    "blank": _l("space"),
    "new_line": _l("new line"),
    "tab": _l("tab"),
}


def script_words() -> dict[str, str]:
    """Return all of it as plain text."""
    return {name: str(message) for name, message in SCRIPT_WORDS.items()}
