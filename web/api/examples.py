"""One example of each thing that the API takes and answers, by the name of its model.

They tell one story: a text is added, a model trained on it, and a text written with the model. The
example of a list is a list of the one example of its rows.
"""

from typing import Any

from web.api.account_examples import ACCOUNTS, ADA, TEAM_ID, TOKEN_ID, USER_ID

Example = dict[str, Any]

CORPUS_ID = "0197f3c2-4a10-7c3e-9b1d-2f6a8e0c4d01"
VERSION_ID = "0197f3c2-4a10-7c3e-9b1d-2f6a8e0c4d02"
JOB_ID = "0197f3c2-8b20-7d41-8a52-91c7b3e5f603"
CHECKPOINT_ID = "0197f3c3-1c30-7e52-b463-a2d8c4f60704"
WRITING_ID = "0197f3c3-5d40-7f63-9574-b3e9d5071805"
SCHEDULE_ID = "0197f3c4-2e50-7074-8685-c4fae6182906"
RECEIVER_ID = "0197f3c4-6f60-7185-9796-d50bf7293a07"
OTHER_ID = "0197f3c5-3070-7296-a8a7-e61c083a4b08"
SAMPLE_ID = "0197f3c3-0a80-73a7-98b8-f72d194c5c09"
TIME, LATER = "2026-03-01T09:00:00Z", "2026-03-01T09:03:20Z"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
WORKER = "node-1:4711"

CORPUS_LINKS = {
    "self": f"/api/v1/corpora/{CORPUS_ID}",
    "versions": f"/api/v1/corpora/{CORPUS_ID}/versions",
    "text": f"/api/v1/corpora/{CORPUS_ID}/text",
    "report": f"/api/v1/corpora/{CORPUS_ID}/report",
}
VERSION: Example = {
    "id": VERSION_ID, "number": 1, "sha256": SHA256, "characters": 1115394, "vocabulary_size": 65,
    "source": "upload:my-text.txt", "report": {"encoding": "utf-8"}, "created_at": TIME,
}  # fmt: skip
CORPUS: Example = {
    "id": CORPUS_ID, "name": "mine", "created_at": TIME, "created_by": ADA,
    "latest_version": VERSION,
    "links": CORPUS_LINKS,
}  # fmt: skip
SPEC: Example = {"window": 100, "units": 128, "layers": 1, "epochs": 30, "batch_size": 32}
JOB: Example = {
    "id": JOB_ID, "kind": "train", "name": "mine · fast", "status": "running", "requested": None,
    "priority": 0, "corpus_version_id": VERSION_ID, "checkpoint_id": None, "preset": "fast",
    "spec": SPEC,
    "progress": {"epoch": 3, "epochs": 30, "step": 2625, "steps": 26250, "fraction": 0.1,
                 "eta_seconds": 190.5},
    "needs": {"gpu": True, "memory_bytes": 8_000_000_000, "label": "a100"}, "waiting_reason": None,
    "attempt": 1, "losses": 0, "max_losses": 3, "worker": WORKER, "created_at": TIME,
    "created_by": ADA, "started_at": TIME, "finished_at": None, "error": None,
    "links": {"self": f"/api/v1/jobs/{JOB_ID}", "events": f"/api/v1/jobs/{JOB_ID}/events"},
}  # fmt: skip
ESTIMATE: Example = {
    "parameters": 107713, "text": {"characters": 1115394, "vocabulary_size": 65},
    "split": {"training": {"characters": 1003854, "windows": 1003754},
              "validation": {"characters": 111540, "windows": 111440}},
    "windows": 28000, "steps": 875,
    "time": {"seconds": 205.5, "epoch_seconds": 6.75, "basis": "jobs", "measurements": 5,
             "reason": None},
    "workers": {"count": 1, "gpu": False}, "memory": {"host": 861000000, "device": None},
    "kept": {"checkpoint": 449897, "checkpoints": 11, "bytes": 4948867},
}  # fmt: skip
NO_REPEATS: Example = {
    "compared": 22816, "repeated": 0, "characters": 0, "share": 0.0, "capped": False,
    "examples": [],
}  # fmt: skip
REPORT: Example = {
    "corpus_version_id": VERSION_ID, "version": 1,
    "text": {"characters": 1115394, "vocabulary_size": 65}, "cleaning": {"encoding": "utf-8"},
    "examination": {
        "characters": 1115394, "vocabulary_size": 65,
        "most_frequent": [{"character": " ", "count": 169892}],
        "categories": [{"category": "Ll", "distinct": 26, "count": 791888}],
        "scripts": [{"script": "latin", "count": 841591, "share": 1.0}],
        "rare": {"distinct": 2, "count": 4, "share": 3.6e-06, "characters": "&$"},
        "invisible": [], "lines": 40000, "longest_line": {"characters": 63, "offset": 20111},
        "repeated_lines": NO_REPEATS, "repeated_paragraphs": NO_REPEATS,
    },
    "findings": [{"code": "rare_characters", "level": "note",
                  "values": {"characters": 2, "count": 4, "share": 3.6e-06}}],
    "recommendation": {"preset": "fast", "fields": {}, "reason": "fits", "units": 128, "layers": 1,
                       "window": 100, "epochs": 30, "max_windows": 28000,
                       "validation_fraction": 0.1, "parameters": 107713},
    "estimate": ESTIMATE,
}  # fmt: skip
EVENT: Example = {
    "seq": 2, "type": "running", "created_at": TIME, "data": {"attempt": 1, "worker": WORKER},
}  # fmt: skip
EPOCH: Example = {
    "epoch": 3, "loss": 1.71, "val_loss": 1.78, "accuracy": 0.49, "val_accuracy": 0.48,
    "seconds": 6.4, "characters_per_second": 437500.0, "learning_rate": 0.0117,
    "created_at": LATER,
}  # fmt: skip
CHECKPOINT: Example = {
    "id": CHECKPOINT_ID, "job_id": JOB_ID, "epoch": 3, "loss": 1.71, "val_loss": 1.78,
    "best": True, "bytes": 446464, "sha256": SHA256, "created_at": LATER,
    "links": {"self": f"/api/v1/checkpoints/{CHECKPOINT_ID}", "job": f"/api/v1/jobs/{JOB_ID}",
              "model": f"/api/v1/checkpoints/{CHECKPOINT_ID}/model.keras",
              "bundle": f"/api/v1/checkpoints/{CHECKPOINT_ID}/bundle.zip"},
}  # fmt: skip
COPYING: Example = {
    "characters": 400, "longest": 43, "copied": 43, "share": 0.1075, "found": 1,
    "stretches": [{"start": 12, "length": 43, "at": 80211}],
}  # fmt: skip
SAMPLE: Example = {
    "id": SAMPLE_ID, "job_id": JOB_ID, "epoch": 3, "temperature": 0.6, "prompt": "It was the ",
    "text": "best of the sea, and the king", "rng_seed": 7, "copying": COPYING,
    "starred": True, "created_at": LATER,
}  # fmt: skip
GENERATION: Example = {"length": 2000, "temperature": [0.4, 0.8], "prompt": "It was "}
RECEIPT: Example = {
    "format": 1, "job_id": WRITING_ID, "number": 1, "corpus_version_id": VERSION_ID,
    "corpus_version_sha256": SHA256, "checkpoint_id": CHECKPOINT_ID, "checkpoint_sha256": SHA256,
    "spec": GENERATION, "spec_sha256": SHA256, "prompt_sha256": SHA256, "temperature": 0.4,
    "rng_seed": 7, "stream": 0, "charloom": "0.1.0", "keras": "3.15.0", "characters": 19,
    "finish_reason": "length", "text_sha256": SHA256,
}  # fmt: skip
SCORE: Example = {
    "checkpoint_id": CHECKPOINT_ID, "characters": 1, "bits_per_character": 3.64,
    "report": {"replaced": {}, "left_out": []},
    "scores": [{"character": "t", "probability": 0.08, "rank": 2,
                "alternatives": [{"character": "I", "probability": 0.11}]}],
    "next": [{"character": "h", "probability": 0.87}],
}  # fmt: skip
VERIFICATION: Example = {
    "same": False, "compared_with": "text", "characters": 19, "problems": [],
    "first_difference": {"character": 16, "expected": "sea", "received": "see"},
}  # fmt: skip
OUTPUT: Example = {
    "id": OTHER_ID, "job_id": WRITING_ID, "number": 1, "temperature": 0.6, "prompt": "It was ",
    "prompt_report": {"replaced": {}, "left_out": []}, "text": "the best of the sea",
    "characters": 19, "rng_seed": 7, "finish_reason": "length", "copying": None,
    "receipt": RECEIPT, "created_at": LATER,
    "links": {"text": f"/api/v1/jobs/{WRITING_ID}/output.txt?number=1"},
}  # fmt: skip
PLAN: Example = {"preset": "fast", "epochs": 10}
NEW_SCHEDULE: Example = {
    "name": "every night", "cron": "nightly", "time_zone": "Europe/Berlin", "corpus_id": CORPUS_ID,
    "url": "https://example.org/text.txt", "model": "mine", "training": PLAN,
    "generation": GENERATION, "notify": [RECEIVER_ID],
}  # fmt: skip
SCHEDULE: Example = {
    "id": SCHEDULE_ID, **NEW_SCHEDULE, "cron": "0 3 * * *", "enabled": True,
    "next_due_at": "2026-03-02T02:00:00Z", "next_times": ["2026-03-02T02:00:00Z"],
    "cleaning": {"lowercase": False, "nfc": False, "squeeze": False}, "start_from": "promoted",
    "overlap": "skip", "missed": "newest", "created_at": TIME, "created_by": ADA,
    "links": {"self": f"/api/v1/schedules/{SCHEDULE_ID}",
              "runs": f"/api/v1/schedules/{SCHEDULE_ID}/runs", "model": "/api/v1/models/mine"},
}  # fmt: skip
RUN: Example = {
    "id": OTHER_ID, "schedule_id": SCHEDULE_ID, "due_at": TIME, "by_hand": False,
    "status": "succeeded", "reason": "promoted: better by 0.021 bits a character",
    "corpus_version_id": VERSION_ID, "job_id": JOB_ID, "generation_job_id": WRITING_ID,
    "created_at": TIME, "ended_at": LATER,
}  # fmt: skip
MODEL: Example = {
    "id": OTHER_ID, "name": "mine", "checkpoint_id": CHECKPOINT_ID, "margin": 0.0,
    "most_copied": 0.2, "created_at": TIME,
    "links": {"self": "/api/v1/models/mine", "history": "/api/v1/models/mine/history",
              "text": "/api/v1/models/mine/latest/output.txt",
              "model": "/api/v1/models/mine/latest/model.keras"},
}  # fmt: skip
DECISION: Example = {
    "id": OTHER_ID, "checkpoint_id": CHECKPOINT_ID, "action": "promoted",
    "reason": "better by 0.021 bits a character", "by_hand": False, "bits_per_character": 2.246,
    "promoted_bits_per_character": 2.267, "longest_copy": 43, "copied_share": 0.01,
    "created_at": LATER,
}  # fmt: skip
RECEIVER: Example = {
    "id": RECEIVER_ID, "name": "our chat", "url": "https://hooks.example.org/charloom",
    "email": None, "created_at": TIME,
    "links": {"self": f"/api/v1/receivers/{RECEIVER_ID}",
              "notices": f"/api/v1/receivers/{RECEIVER_ID}/notices"},
}  # fmt: skip
NOTICE: Example = {
    "id": OTHER_ID, "receiver_id": RECEIVER_ID, "type": "job.succeeded", "subject_id": JOB_ID,
    "status": "delivered", "created_at": LATER, "ended_at": LATER,
    "deliveries": [{"number": 1, "status_code": 204, "error": None, "seconds": 0.12,
                    "created_at": LATER}],
}  # fmt: skip
PRESETS: Example = {
    "data": [{"name": "seed", "description": "The article's recipe, number for number.",
              "spec": {"window": 100, "units": 128, "epochs": 10}}],
    "has_more": False,
    "fields": [{"name": "epochs", "description": "Passes over the training windows.",
                "accepted": "a whole number, at least 1, at most 10000",
                "bounds": {"ge": 1, "le": 10000}}],
}  # fmt: skip
PROCESS: Example = {
    "id": OTHER_ID, "name": WORKER, "queues": ["train"], "device": "cpu", "alive": True,
    "job_id": JOB_ID, "speed": 4.58e11, "memory": 16_000_000_000, "device_memory": None,
    "started_at": TIME, "seen_at": LATER,
    "links": {"job": f"/api/v1/jobs/{JOB_ID}"},
}  # fmt: skip
LIMIT: Example = {"name": "queued_jobs", "limit": 5000, "used": 12, "own": False}

ROWS = {
    "Checkpoint": CHECKPOINT, "Corpus": CORPUS, "Decision": DECISION, "Epoch": EPOCH,
    "Event": EVENT, "Job": JOB, "Limit": LIMIT, "Model": MODEL, "Notice": NOTICE, "Output": OUTPUT,
    "Receiver": RECEIVER, "Run": RUN, "Sample": SAMPLE, "Schedule": SCHEDULE, "Worker": PROCESS,
}  # fmt: skip
NODE: Example = {
    "id": OTHER_ID, "name": "node-1", "alive": True,
    "devices": [{"kind": "cpu", "name": "EPYC", "memory": 256_000_000_000},
                {"kind": "gpu", "name": "NVIDIA A100", "memory": 80_000_000_000}],
    "cores": 32, "memory": 256_000_000_000, "versions": {"charloom": "0.9.0", "python": "3.12.3"},
    "speed": None, "labels": ["a100"],
    "load": {"average": 1.5, "memory_free": 200_000_000_000,
             "gpus": [{"use": 95, "memory_used": 9_000_000_000}]},
    "draining": False, "draining_since": None, "created_at": TIME, "seen_at": LATER,
    "links": {"self": "/api/v1/nodes/node-1"},
}  # fmt: skip
ROWS |= {"Node": NODE}
PAGES = {f"{name}Page": {"data": [row], "has_more": False} for name, row in ROWS.items()}
REQUESTS = {
    "DrainRequest": {"now": False},
    "TrainingRequest": {"corpus_id": CORPUS_ID, **PLAN},
    "EstimateRequest": {"corpus_id": CORPUS_ID, **PLAN},
    "GenerationRequest": {"checkpoint_id": CHECKPOINT_ID, **GENERATION},
    "NewCorpus": {"name": "mine", "text": "It was the best of times, it was the worst of times."},
    "NewVersion": {"text": "It was the age of wisdom, it was the age of foolishness."},
    "ImportBody": {"file": "the bytes of model.keras", "characters": "\n abc", "name": "theirs"},
    "UploadedCorpus": {"name": "mine", "file": "It was the best of times."},
    "Uploaded": {"file": "It was the age of wisdom."},
    "ScheduleRequest": NEW_SCHEDULE,
    "ScheduleChange": {"cron": "weekly", "enabled": False},
    "Policy": {"margin": 0.01},
    "ScoreBody": {"text": "the best of the sea", "alternatives": 3},
    "VerifyRequest": {"receipt": RECEIPT, "text": "the best of the see"},
    "Promotion": {"checkpoint_id": CHECKPOINT_ID, "reason": "it reads better"},
    "Rollback": {"reason": "the new one repeats itself"},
    "ReceiverRequest": {"name": "our chat", "url": "https://hooks.example.org/charloom"},
}
EXAMPLES: dict[str, Example] = (
    ROWS
    | PAGES
    | REQUESTS
    | ACCOUNTS
    | {
        "CorpusDetail": CORPUS | {"versions": [VERSION]},
        # Nobody's.
        "NewReceiver": RECEIVER | {"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"},  # nosec B105
        "PresetPage": PRESETS,
        "CorpusReport": REPORT,
        "Estimate": ESTIMATE,
        "ScheduleRun": RUN,
        "Score": SCORE,
        "Verification": VERIFICATION,
    }
)
# Of parameters, and of answers that are text.
PARAMETERS: dict[str, Any] = {
    "corpus_id": CORPUS_ID, "job_id": JOB_ID, "checkpoint_id": CHECKPOINT_ID,
    "schedule_id": SCHEDULE_ID, "receiver_id": RECEIVER_ID, "sample_id": SAMPLE_ID,
    "user_id": USER_ID, "team_id": TEAM_ID, "token_id": TOKEN_ID, "name": "mine", "node": "node-1",
    "Idempotency-Key": "my-text-2026-03-01",
}  # fmt: skip
TEXTS = {
    "text/plain": "the best of the sea",
    "application/x-ndjson": '{"number": 1, "text": "the best of the sea"}\n',
}


def add_examples(operation: Example) -> None:
    """Add the examples of what an operation takes and answers."""
    for parameter in operation["parameters"]:
        if parameter["name"] in PARAMETERS:
            parameter["example"] = PARAMETERS[parameter["name"]]
    answers = [answer for status, answer in operation["responses"].items() if status < "400"]
    for part in (operation.get("requestBody", {}), *answers):
        for mimetype, content in part.get("content", {}).items():
            _add_example(mimetype, content)


def _add_example(mimetype: str, content: Example) -> None:
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2].rpartition(".")[2]
    if name in EXAMPLES:
        content["example"] = EXAMPLES[name]
    elif mimetype in TEXTS:
        content["example"] = TEXTS[mimetype]
