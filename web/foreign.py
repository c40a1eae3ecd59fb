"""What libraries say to people: here it is found for the catalogues, and read by nothing else.

What is not here is shown as the library says it, in English.
"""

from web.messages import _l

PYDANTIC = (
    _l("this field is required"),
    _l("there is no such field"),
    _l("Input should be a valid number"),
    _l("Input should be a valid string"),
    _l("Input should be a valid boolean"),
    _l("Input should be a valid list"),
    _l("Input should be a finite number"),
    _l("Input should be greater than {limit}"),
    _l("Input should be greater than or equal to {limit}"),
    _l("Input should be less than {limit}"),
    _l("Input should be less than or equal to {limit}"),
    _l("Input should be {values}"),
    _l("String should have at least {count} character"),
    _l("String should have at least {count} characters"),
    _l("String should have at most {count} character"),
    _l("String should have at most {count} characters"),
    _l("List should have at least {least} item after validation, not {count}"),
    _l("List should have at most {most} item after validation, not {count}"),
    _l("List should have at most {most} items after validation, not {count}"),
)
# What a field accepts, as ``shared.problems`` puts it together.
ACCEPTED = (
    _l("a whole number"),
    _l("a whole number or null"),
    _l("a number"),
    _l("a number or null"),
    _l("a number or a list, each a number"),
    _l("text"),
    _l("text or null"),
    _l("true or false"),
    _l("a list, each text"),
    _l("a JSON object"),
    _l("a JSON object with: {names}"),
    _l("one of: {values}"),
    _l("at least {limit}"),
    _l("over {limit}"),
    _l("at most {limit}"),
    _l("under {limit}"),
    _l("{count} or more characters"),
    _l("at most {count} characters"),
    _l("up to 63 of a to z, digits, dots, hyphens and underscores"),
    _l("64 hexadecimal digits in lower case"),
    _l("printable ASCII characters"),
)
CRONSIM = (
    _l("Bad minute"),
    _l("Bad hour"),
    _l("Bad day-of-month"),
    _l("Bad month"),
    _l("Bad day-of-week"),
    _l("Wrong number of fields"),
)
EMAIL = (
    _l("An email address must have an @-sign."),
    _l("There must be something after the @-sign."),
    _l("There must be something before the @-sign."),
    _l("The part after the @-sign is not valid. It should have a period."),
    _l("The part after the @-sign contains invalid characters: {characters}."),
    _l("The email address contains invalid characters before the @-sign: {characters}."),
    _l("An email address cannot have two periods in a row."),
    _l("An email address cannot start with a period."),
    _l("An email address cannot end with a period."),
    _l("An email address cannot have a period immediately before the @-sign."),
    _l("An email address cannot have a period immediately after the @-sign."),
)
NETWORK = (
    _l("timed out"),
    _l("[Errno -2] Name or service not known"),
    _l("[Errno -3] Temporary failure in name resolution"),
    _l("[Errno -5] No address associated with hostname"),
    _l("[Errno 111] Connection refused"),
    _l("[Errno 113] No route to host"),
    _l("[Errno 101] Network is unreachable"),
    _l("Server disconnected without sending a response."),
    _l("404 Not Found"),
    _l("403 Forbidden"),
    _l("500 Internal Server Error"),
)
FORMS = (
    _l("The CSRF token is missing."),
    _l("The CSRF session token is missing."),
    _l("The CSRF token is invalid."),
    _l("The CSRF tokens do not match."),
    _l("The CSRF token has expired."),
    _l("The referrer header is missing."),
    _l("The referrer does not match the host."),
)
# What stands between messages that were joined.
JOINTS = (_l("; "), _l(": "))
MOVES = (_l("cancel"), _l("pause"), _l("resume"), _l("retry"), _l("delete"))
