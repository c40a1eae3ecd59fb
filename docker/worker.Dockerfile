# A worker, or beat. REQUIREMENTS says what it trains on: cpu or gpu.
FROM python:3.12.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app \
    TF_CPP_MIN_LOG_LEVEL=2
WORKDIR /app

ARG REQUIREMENTS=cpu
COPY requirements/${REQUIREMENTS}.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/${REQUIREMENTS}.txt

RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin charloom
COPY shared/ shared/
COPY worker/ worker/

USER 10001
CMD ["python", "-m", "celery", "-A", "worker.app", "worker", "--without-mingle", "--without-gossip"]
