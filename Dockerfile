# A static binary in an image with nothing else: no shell, no package manager, no root. It needs no writable
# root file system; answers and uploads are sealed before they touch /data.
#
#   docker run --rm -v sealform:/data sealform init --host forms.riverside.example --staff-host staff.riverside.example
#   docker run --rm -it -v sealform:/data sealform user add --email dana@riverside.example
#   docker run --rm -v sealform:/data sealform keys generate --name front-desk --for dana@riverside.example --draw
#   docker run -d --read-only --tmpfs /tmp:size=64m,mode=1777 --cap-drop ALL --security-opt no-new-privileges \
#     --memory 1g --memory-swap 1g -v sealform:/data -v "$PWD/tls:/data/tls:ro" -p 443:443 -p 8445:8445 sealform
#
# $PWD/tls holds cert.pem and key.pem, for both host names and readable to user 65532, who also listens on port 443: Docker
# lets every user, elsewhere it takes --sysctl net.ipv4.ip_unprivileged_port_start=0.
#
# --memory-swap equal to --memory keeps the process out of the swap file; --tmpfs keeps /tmp in memory.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags="-s -w" -o /out/sealform ./cmd/sealform \
 && mkdir -p /out/root && mkdir -m 0700 /out/root/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/sealform /usr/bin/sealform
COPY --from=build /src/LICENSE /usr/share/doc/sealform/LICENSE
# The folder travels with its owner and mode, so that an empty volume mounted on it gets both.
COPY --from=build --chown=65532:65532 /out/root/ /

USER 65532:65532
WORKDIR /data
VOLUME /data
ENV TMPDIR=/tmp
EXPOSE 80 443 8445
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["/usr/bin/sealform", "health"]
ENTRYPOINT ["/usr/bin/sealform"]
CMD ["serve"]
