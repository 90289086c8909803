# syntax=docker/dockerfile:1
# Three images: the default is the program alone, for Kubernetes and `docker run`; `--target ci` adds a shell, for
# pipelines whose steps run inside the image; `--target verify` adds the AWS CLI and `reconcile-shard`, for the verification of
# log files on several machines.

# The Rust of Alpine links statically. The distribution keeps one version of each package, so that a pinned version
# could not be installed for long.
FROM rust:1.95-alpine3.22 AS build
# hadolint ignore=DL3018
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --package reconcile \
    && cp target/release/reconcile /reconcile

FROM debian:bookworm-slim AS ci
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates curl git jq \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /reconcile /usr/local/bin/reconcile
USER 65532:65532
WORKDIR /work
CMD ["bash"]

FROM ci AS verify
USER 0:0
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends awscli \
    && rm -rf /var/lib/apt/lists/*
COPY deploy/verify/shard /usr/local/bin/reconcile-shard
USER 65532:65532
CMD ["reconcile-shard"]

FROM scratch
# The program reads the roots of TLS from here; `SSL_CERT_FILE` names another file.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /reconcile /reconcile
# Only a static program runs here.
RUN ["/reconcile", "--version"]
# A numeric user, so that Kubernetes can check `runAsNonRoot`.
USER 65532:65532
# For `docker run --volume "$PWD:/work"`: specs are read and plans are written here.
WORKDIR /work
ENTRYPOINT ["/reconcile"]
