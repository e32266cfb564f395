# One image for the web server and the workers. All that it writes lies under /data; nothing else need be writable.

FROM python:3.11-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_CACHE=1 \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9
WORKDIR /app
# First what seldom changes: the program's own edits don't install its dependencies again.
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY bgmsync/__init__.py bgmsync/__init__.py
RUN uv sync --locked --no-dev --no-install-project
COPY bgmsync bgmsync
COPY sync sync
COPY templates templates
COPY trakt trakt
RUN uv sync --locked --no-dev --no-editable

FROM python:3.11-slim-bookworm
# pg_dump and pg_restore, for backups where PostgreSQL is used.
# hadolint ignore=DL3008  # Debian keeps one version of a release, with its security mends
RUN apt-get update \
    && apt-get install -y --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -m 0700 -o 10001 -g 10001 /data
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data \
    VAR_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
# What runs ends within 30 seconds of this; give it 40 (docker stop -t 40).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=120s --retries=3 CMD ["bgmsync", "healthcheck"]
CMD ["bgmsync", "up", "--host", "0.0.0.0", "--port", "8000"]
