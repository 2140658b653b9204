# One gate for people and CI alike: make check. Slow and statistical tests are make soak.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:

# Tools installed by "go install" are found without being on the caller's PATH. A checkout owned by another
# user makes git, and with it Go's version stamping, fail; only the released binary needs the stamp.
export PATH    := $(shell go env GOPATH)/bin:$(PATH)
export GOFLAGS := -buildvcs=false

.PHONY: check quick tools formatting lint race vulnerabilities e2e soak fuzz pictures bench build release fmt clean

# Ends with the seconds that each stage took, and with what could not be checked.
check:
	@scripts/stages tools formatting lint race vulnerabilities e2e

# Within a minute, while working: rules, and vet and tests of the packages changed since SINCE (HEAD) and of what
# imports them; scripts/quick says which it leaves out.
quick:
	@scripts/quick $(SINCE)

tools:
	@scripts/setup-tests

formatting:
	@files=$$(gofumpt -l .); if [ -n "$$files" ]; then \
		printf 'not formatted (make fmt mends it):\n%s\n' "$$files"; exit 1; fi

# go vet's analyzers are among golangci-lint's (govet), so no other stage runs them.
lint:
	golangci-lint run ./...

# The browser tests drive the real program and run once, on their own, below. One package more than there are cores: some wait.
race:
	CGO_ENABLED=1 go test -race -p $$(($$(nproc) + 1)) -vet=off -count=1 -timeout 10m $$(go list ./... | grep -v '^sealform/e2e$$')

vulnerabilities:
	@scripts/vulnerabilities

e2e:
	@scripts/e2e

# A thousand kills, every fuzz target for a minute, timings and floods: what needs patience or statistics.
soak: tools
	SOAK=1 go test -count=1 -timeout 4h ./...
	scripts/fuzz 1m

fuzz:
	scripts/fuzz 20s

# The README's pictures, from the program as it is.
pictures:
	go test -count=1 -tags pictures -run '^TestPictures$$' ./e2e/

bench:
	go run ./internal/bench

# Static and reproducible: the same commit, Go version and VERSION give the same bytes.
TO := sealform
build:
	CGO_ENABLED=0 go build -trimpath -buildvcs=auto -ldflags='-s -w$(if $(VERSION), -X main.release=$(VERSION))' -o $(TO) ./cmd/sealform

# Into dist/: the program, its SBOM and SHA256SUMS. Refuses where known vulnerabilities could not be checked.
release: tools
	@scripts/release $(VERSION)

fmt:
	gofumpt -w .

clean:
	rm -rf sealform dist bench.out e2e/shots .cache
