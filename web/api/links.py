"""What can be asked for next: links from an answer to the operations that take its ids."""

from typing import Any

Links = dict[str, dict[str, Any]]

ID = "$response.body#/id"


def _links(parameter: str, value: str, *operations: str) -> Links:
    return {name: {"operationId": name, "parameters": {parameter: value}} for name in operations}


def _bodies(field: str, value: str, *operations: str) -> Links:
    return {name: {"operationId": name, "requestBody": {field: value}} for name in operations}


JOB = (
    *("get_jobs_show", "get_records_events", "get_records_epochs", "get_records_checkpoints"),
    *("get_records_samples", "get_records_outputs", "get_records_output_txt"),
    *("get_records_output_jsonl", "get_records_output_zip"),
    *("get_records_samples_txt", "get_records_samples_jsonl"),
    *("post_jobs_cancel", "post_jobs_pause", "post_jobs_resume", "post_jobs_retry"),
    "delete_jobs_delete",
)
CORPUS = (
    *("get_corpora_show", "get_corpora_text", "post_corpora_add_one_version"),
    "delete_corpora_delete",
)
CHECKPOINT = ("get_checkpoints_show", "get_checkpoints_model", "get_checkpoints_bundle")
SCHEDULE = (
    *("get_schedules_show", "get_schedules_runs", "post_schedules_run", "patch_schedules_change"),
    "delete_schedules_delete",
)
RECEIVER = (
    *("get_receivers_show", "get_receivers_notices", "post_receivers_test"),
    "delete_receivers_delete",
)
USER = ("get_users_show", "patch_users_change", "post_users_link", "post_users_sign_out")
TEAM = ("get_teams_show", "patch_teams_change", "get_teams_members")
TOKEN = ("get_tokens_show", "delete_tokens_revoke")
MODEL = (
    *("get_models_show", "get_models_history", "patch_models_change", "post_models_rollback"),
    *("get_models_output_txt", "get_models_model_keras"),
)
# By the model that an answer is of. Lists have none: there may be no first row.
LINKS: dict[str, Links] = {
    "Job": _links("job_id", ID, *JOB),
    "CorpusDetail": _links("corpus_id", ID, *CORPUS)
    | _bodies("corpus_id", ID, "post_submissions_train", "post_schedules_add"),
    "Checkpoint": _links("checkpoint_id", ID, *CHECKPOINT)
    | _bodies("checkpoint_id", ID, "post_submissions_generate"),
    "Schedule": _links("schedule_id", ID, *SCHEDULE),
    "NewReceiver": _links("receiver_id", ID, *RECEIVER),
    "NewUser": _links("user_id", ID, *USER),
    "Team": _links("team_id", ID, *TEAM),
    "NewToken": _links("token_id", ID, *TOKEN),
    "Model": _links("name", "$response.body#/name", *MODEL),
}


def add_links(operation: dict[str, Any]) -> None:
    """Add the links of what an operation answers with."""
    for response in operation["responses"].values():
        schema = response.get("content", {}).get("application/json", {}).get("schema", {})
        name = schema.get("$ref", "").rpartition("/")[2]
        links = LINKS.get(name.rpartition(".")[2], {})
        if links:
            response["links"] = links
