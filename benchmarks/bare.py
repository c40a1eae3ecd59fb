"""The yardstick of ``polling.py``: a route that does nothing, served by the same server."""

from flask import Flask

app = Flask(__name__)


@app.get("/jobs/<job_id>")
def show(job_id: str) -> dict[str, str]:
    """Answer at once."""
    return {"id": job_id, "status": "running"}
