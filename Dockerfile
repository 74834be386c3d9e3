# syntax=docker/dockerfile:1
FROM python:3.13-slim AS packages
COPY requirements.txt .
RUN python -m venv /venv && \
    /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin bot && \
    install --directory --owner bot --mode 700 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY manifest.yml ./
COPY bot ./bot
COPY handlers ./handlers
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data PORT=8080 LOG_FORMAT=json
USER bot
VOLUME /data
EXPOSE 8080
# The engine gives running jobs a few seconds to end; what is left goes on in the next process.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["run"]
