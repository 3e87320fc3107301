# geooffer in a container: its two wheels, nothing else; kernels compiled once at build time for the build machine's CPU.
# For amd64 and arm64: docker buildx build --platform linux/amd64,linux/arm64 . (each is built as its own platform, so
# that both wheels and the cache of kernels are of it). --build-arg NATIVE= leaves the native data plane out.
ARG RUST_VERSION=1.95
FROM --platform=$TARGETPLATFORM rust:${RUST_VERSION}-slim AS rust

FROM --platform=$TARGETPLATFORM python:3.12-slim AS build
ARG NATIVE=1
WORKDIR /src
RUN pip install --no-cache-dir uv \
    && if [ -n "$NATIVE" ]; then apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev; fi
COPY --from=rust /usr/local/cargo /usr/local/cargo
COPY --from=rust /usr/local/rustup /usr/local/rustup
ENV PATH=/usr/local/cargo/bin:$PATH RUSTUP_HOME=/usr/local/rustup
COPY pyproject.toml uv.lock README.md ./
COPY native ./native
COPY src ./src
# with bytecode: the image is read-only to the service, and compiling at every start takes two seconds
RUN uv sync --frozen --no-dev --no-editable --compile-bytecode ${NATIVE:+--extra native}

FROM --platform=$TARGETPLATFORM python:3.12-slim
RUN useradd --create-home geooffer
COPY --from=build /src/.venv /src/.venv
ENV PATH=/src/.venv/bin:$PATH
RUN install -d -m 0700 -o geooffer -g geooffer /var/lib/geooffer
USER geooffer
WORKDIR /home/geooffer
# Another CPU at run time compiles again, with a progress line; mount a volume here to keep that.
ENV GEOOFFER_CACHE_DIR=/home/geooffer/.cache/geooffer
RUN python -c "from geooffer.kernels.compile import compile_all; print(compile_all())"
# Journal, snapshots and keys; a local disk whose fsync is true.
ENV GEOOFFER_STATE_DIR=/var/lib/geooffer
VOLUME /var/lib/geooffer
EXPOSE 7430 7431 7432
# Metrics and probes stay on loopback unless GEOOFFER_METRICS_ADDRESS and GEOOFFER_ALLOW_OPEN_METRICS say otherwise.
HEALTHCHECK --interval=10s --timeout=5s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7432/livez', timeout=4)"]
# Beyond loopback the service wants a token key and TLS: mount both and pass the flags (see README, Operation).
ENTRYPOINT ["geooffer"]
CMD ["serve"]
