# One image for every worker, for linux/amd64: docker run IMAGE worker telemetry
#
# It runs as any user, with a read-only root. Only $TMPDIR (/tmp) must be writable, and a worker leaves nothing there.
# The same commit gives the same files: docker build --output type=image,rewrite-timestamp=true also gives them one digest.
# Kubernetes probes /healthz and /readyz, so there is no HEALTHCHECK. tests/integration/image/ executes this file.
FROM python:3.13.16-slim-trixie@sha256:bf44cdfcb76cd3b41e879bc058fc37ec5872002ccfde7fcb765e218cde0cd79c AS python

FROM python AS build
ARG SOURCE_DATE_EPOCH=1767225600
ENV PIP_CACHE_DIR=/var/cache/pip \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONHASHSEED=0
WORKDIR /src
RUN python -m venv --without-pip /opt/memory-graph
COPY .requirements-image.lock .
RUN --mount=type=cache,target=/var/cache/pip \
    python -m pip --python /opt/memory-graph install --no-compile --only-binary :all: --require-hashes -r .requirements-image.lock
COPY . .
# Its build needs setuptools, and nothing else does. Python trusts an unchecked-hash .pyc whatever the time of its source.
RUN python -m pip --python /opt/memory-graph install --no-compile --no-deps --no-build-isolation . \
    && python -m pip --python /opt/memory-graph uninstall --yes setuptools \
    && find /opt/memory-graph/lib -type d -name tests -prune -exec rm -R {} + \
    && /opt/memory-graph/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/memory-graph/lib \
    && mkdir /app \
    && cp -R schemas topology.yaml /app \
    && chmod -R u=rwX,go=rX /opt/memory-graph /app \
    && find /opt/memory-graph /app -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +

FROM python
LABEL org.opencontainers.image.title="memory-graph-workers" \
      org.opencontainers.image.description="Kafka stream processors that fold LLM telemetry, model registry changes and vault audit events into one live graph in Neo4j" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="docker.io/library/python:3.13.16-slim-trixie"
ENV PATH=/opt/memory-graph/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    PYTHONUNBUFFERED=1 \
    LOG_FORMAT=json \
    METRICS_HOST=0.0.0.0
RUN python -m pip uninstall --yes --root-user-action ignore pip \
    && rm -R "$(python -c 'import ensurepip, os; print(os.path.dirname(ensurepip.__file__))')"
COPY --from=build /opt/memory-graph /opt/memory-graph
COPY --from=build /app /app
# Operators may mount their own files over /app.
WORKDIR /app
USER 10001:10001
EXPOSE 9464
ENTRYPOINT ["memory-graph"]
