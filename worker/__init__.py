"""What runs jobs: a Celery app, thin tasks, runners, and the engine that knows none of them."""
