# docker build -t scimbridge .        (podman build --format docker -t scimbridge . : Podman's own format has no health check)
# docker run -p 8443:8443 -v ./scimbridge:/etc/scimbridge:ro -v scimbridge:/var/lib/scimbridge scimbridge
#
# The folder holds scimbridge.yaml and the files that it names, readable for user 65532. Inside a container the bridge must listen beyond loopback, so
# the configuration says either `listen: {address: ":8443", tls: {…}}`, or, behind a proxy that speaks TLS, `listen: {address: ":8080", allowCleartext: true}`.
# The volume /var/lib/scimbridge holds the store, unless the configuration names another; `-e STATE_DIRECTORY=` is for none. A folder that is mounted
# there belongs to user 65532.
# The image has no shell: its health check is the program's own (`scimbridge health`, /readyz), and its other commands go as `docker exec ID /scimbridge
# journal list`. examples/sidecar has it beside OpenLDAP.
FROM docker.io/library/golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# With .git: the version and the commit, which Go stamps into the program.
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /scimbridge ./cmd/scimbridge && mkdir /store

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /scimbridge /scimbridge
COPY --from=build --chown=65532:65532 /store /var/lib/scimbridge
ENV STATE_DIRECTORY=/var/lib/scimbridge SCIMBRIDGE_CONFIG=/etc/scimbridge/scimbridge.yaml
VOLUME /var/lib/scimbridge
USER 65532:65532
EXPOSE 8080 8443
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=2 CMD ["/scimbridge", "health", "--timeout", "4s"]
ENTRYPOINT ["/scimbridge"]
CMD ["serve"]
