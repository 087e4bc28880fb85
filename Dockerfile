# One image for everything that runs: API, worker, and the migrations before them.
FROM python:3.11-slim AS wheel
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

FROM python:3.11-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1
COPY constraints.txt /tmp/constraints.txt
COPY --from=wheel /wheel /wheel
RUN pip install --constraint /tmp/constraints.txt "$(ls /wheel/lifeledger-*.whl)[kafka,confluent,churn]" \
    && rm -rf /wheel /tmp/constraints.txt \
    && useradd --system --user-group --create-home --home-dir /var/lib/lifeledger --shell /usr/sbin/nologin lifeledger
USER lifeledger
WORKDIR /var/lib/lifeledger
ENV LIFELEDGER_HOME=/var/lib/lifeledger
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["lifeledger"]
CMD ["serve"]
