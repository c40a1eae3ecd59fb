# The web server, without TensorFlow; its image also runs the migrations.
FROM python:3.12.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/app
WORKDIR /app

COPY requirements/web.txt requirements/
RUN pip install --no-cache-dir --require-hashes -r requirements/web.txt

RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin charloom
COPY shared/ shared/
COPY migrations/ migrations/
COPY web/ web/
COPY cli/ cli/

USER 10001
EXPOSE 8000
CMD ["python", "-m", "gunicorn", "--config", "python:web.serving", "--bind", "0.0.0.0:8000"]
