# One image for every worker: docker run IMAGE worker telemetry
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/memory-graph
COPY .requirements-image.lock .
RUN /opt/memory-graph/bin/python -m pip install --no-cache-dir --require-hashes -r .requirements-image.lock
COPY . .
RUN /opt/memory-graph/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/memory-graph/bin/python -m compileall -q /opt/memory-graph/lib

FROM python:3.13-slim
COPY --from=build /opt/memory-graph /opt/memory-graph
# Operators may mount their own files over /app. Workers keep their tables in /var/lib/memory-graph.
WORKDIR /app
COPY schemas schemas
COPY topology.yaml .
RUN useradd --system --uid 10001 --home-dir /var/lib/memory-graph --create-home memory-graph
USER 10001
ENV PATH=/opt/memory-graph/bin:$PATH \
    LOG_FORMAT=json \
    METRICS_HOST=0.0.0.0
EXPOSE 9464
ENTRYPOINT ["memory-graph"]
