"""Every error charloom raises on purpose, split by who can mend it.

A ``UserError`` is the caller's to mend and becomes a 4xx answer or a failed job with advice;
an ``InternalError`` is ours and becomes a 5xx. Each class carries a stable ``code``.
"""

from dataclasses import dataclass

from shared.said import said


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one field: what was received and what is accepted."""

    field: str
    message: str
    received: object = None
    accepted: str = ""


class CharloomError(Exception):
    """The root of both branches; its docstring is the default message."""

    code = "error"
    status = 500

    def __init__(self, message: str | None = None, problems: list[FieldProblem] | None = None):
        super().__init__(message or said(type(self).__doc__ or self.code))
        self.problems = problems or []


class UserError(CharloomError):
    """The request cannot be met as it was made."""

    code = "invalid"
    status = 422


class InvalidFields(UserError):
    """Some fields are not acceptable."""

    code = "invalid_fields"

    @classmethod
    def one(cls, field: str, message: str, received: object, accepted: str) -> "InvalidFields":
        """Return the error for a single field."""
        return cls(None, [FieldProblem(field, message, received, accepted)])


class NotFound(UserError):
    """There is no such thing."""

    code = "not_found"
    status = 404


class MoveRefused(UserError):
    """The job's status does not allow this move."""

    code = "move_refused"
    status = 409


class InUse(UserError):
    """Something else still needs this."""

    code = "in_use"
    status = 409


class QuotaExceeded(UserError):
    """The team has as much of this as it may have."""

    code = "quota_exceeded"
    status = 409


class ModelTooLarge(UserError):
    """No worker has the memory that this spec needs."""

    code = "model_too_large"


class TooLarge(UserError):
    """The text is larger than this installation accepts."""

    code = "too_large"
    status = 413


class NotText(UserError):
    """The bytes are not text in an encoding that could be told for sure."""

    code = "not_text"


class EmptyCorpus(UserError):
    """The text is empty."""

    code = "empty_corpus"


class CorpusTooShort(UserError):
    """The text is too short for this spec."""

    code = "corpus_too_short"


class UnknownPrompt(UserError):
    """The model knows none of the prompt's characters."""

    code = "unknown_prompt"


class SourceUnavailable(UserError):
    """The text's address did not give it."""

    code = "source_unavailable"


class AddressRefused(UserError):
    """This address is not asked."""

    code = "address_refused"


class KeyReused(UserError):
    """This Idempotency-Key came with another body before."""

    code = "idempotency_key_reused"


class Unauthorized(UserError):
    """The API wants 'Authorization: Bearer TOKEN'."""

    code = "unauthorized"
    status = 401


class Forbidden(UserError):
    """Your role, or the scope of the token, does not allow this."""

    code = "forbidden"
    status = 403


class WrongCredentials(UserError):
    """The name or the password is wrong, or the account is disabled."""

    code = "wrong_credentials"
    status = 401


class SignInFailed(UserError):
    """The provider did not let you in."""

    code = "sign_in_failed"
    status = 400


class NotAdmitted(UserError):
    """This account of the provider is not let in here."""

    code = "not_admitted"
    status = 403


class Taken(UserError):
    """Something else has this name already."""

    code = "taken"
    status = 409


class LastOfItsKind(UserError):
    """This is the last administrator: make somebody else one first."""

    code = "last_administrator"
    status = 409


class AccountDisabled(UserError):
    """The account is disabled."""

    code = "account_disabled"
    status = 409


class TooManyListeners(UserError):
    """As many listeners as this server can serve listen already; poll, or come again."""

    code = "too_many_listeners"
    status = 429


class TooManyRequests(UserError):
    """More requests in a minute than this installation answers; come again in a while."""

    code = "too_many_requests"
    status = 429

    def __init__(self, message: str | None = None, retry_seconds: int = 60):
        super().__init__(message)
        self.retry_seconds = retry_seconds


class JobEnded(UserError):
    """The job that was to answer ended without an answer."""

    OURS = ("internal", "worker_lost", "disk_full")

    def __init__(self, job_id: str, code: str, message: str):
        """Tell of a job's end; ``code`` is its error's, or 'cancelled'."""
        super().__init__(said("job {id} gave no answer: {why}", id=job_id, why=message))
        self.code = code
        self.status = 500 if code in self.OURS else 409 if code == "cancelled" else 422


class NotAModel(UserError):
    """The file is no .keras file and no bundle of one."""

    code = "not_a_model"


class LegacyModel(UserError):
    """The file is a legacy HDF5 model: open it in Keras 3 and save it again as .keras."""

    code = "legacy_model"


class ArchiveRefused(UserError):
    """The zip file is not as Keras writes it."""

    code = "archive_refused"


class ConfigurationRefused(UserError):
    """The model is not one that charloom can rebuild."""

    code = "configuration_refused"


class WeightsRefused(UserError):
    """The weights are not as Keras writes them for this model."""

    code = "weights_refused"


class VocabularyRefused(UserError):
    """The characters do not fit the model."""

    code = "vocabulary_refused"


class TooFewDevices(UserError):
    """The worker's process has fewer devices than the spec asks for."""

    code = "too_few_devices"


class Diverged(UserError):
    """The loss is no longer a number."""

    code = "diverged"


class InternalError(CharloomError):
    """Something went wrong on our side."""

    code = "internal"


class LeaseLost(InternalError):
    """The job belongs to another attempt now; nothing more may be written for it."""

    code = "lease_lost"


class BlobMissing(InternalError):
    """Stored bytes are missing or damaged."""

    code = "blob_missing"


class StoreAway(InternalError):
    """The store that keeps blobs cannot be used right now."""

    code = "store_unavailable"
    status = 503


class SettingsError(InternalError):
    """A setting is malformed."""

    code = "settings"


class ProviderFailed(InternalError):
    """The provider that people sign in through did not answer as it should."""

    code = "provider_failed"
    status = 502


class NoServer(InternalError):
    """A server that charloom needs is neither installed nor reachable."""

    code = "no_server"
