.PHONY: bench bench-scale bin brownfield build controllers crashes drift filters fuzz hostile kills large leaks packages pages preview races reloads sizes soak test verify

build:
	go build -o scimbridge ./cmd/scimbridge

# Installs the directory servers, PostgreSQL and a C compiler where it may, and ends by saying what it left out. The examples' tests
# take longest: they begin first, and all others run beside them.
test:
	.ci/servers
	.ci/test ./examples ./...

verify:
	test -z "$$(go tool gofumpt -l . | tee /dev/stderr)"
	go vet ./...
	go tool staticcheck ./...
	go mod tidy -diff
	go test ./cmd/scimbridge -run TestLines
	.ci/vulnerabilities

# Packages for Debian and Red Hat in dist/, by nfpm; GOARCH=arm64 for another machine. Their version is that of the commit's tag.
packages:
	mkdir -p dist
	CGO_ENABLED=0 GOOS=linux go build -buildvcs=auto -trimpath -ldflags='-s -w' -o dist/scimbridge ./cmd/scimbridge
	CGO_ENABLED=0 GOARCH= GOOS= go run -trimpath ./cmd/scimbridge config --example >dist/scimbridge.yaml
	version=$$(go version -m dist/scimbridge | sed -nE 's/^\tmod\t[^\t]*\t(v[0-9][^\t]*).*/\1/p'); \
	for format in deb rpm; do \
		VERSION=$${version:-v0.0.0} ARCH=$$(go env GOARCH) GOARCH= go tool -modfile=examples/systemd/nfpm.mod \
			nfpm package --config examples/systemd/nfpm.yaml --packager $$format --target dist/ || exit; \
	done

# Every fuzz target for a few seconds.
fuzz:
	.ci/fuzz

# What a request costs, as a multiple of the raw LDAP operations that do the same in the same run (x-raw), and how near to a slapd with 10,000
# users the bridge comes as its users run it (ratio: what it does in a second over what the directory does), with its memory and its start.
# Then what a journal in a SQLite file leaves of the rate of writes, by two bridges in turns in front of the same slapd (goal: 0.85).
# BENCH_ARGS="--rounds 1" are arguments of scimbench, BENCH_JSON names a file for the figures.
bench:
	go test ./examples -run '^$$' -bench Bridge
	go test ./cmd/scimbench -run '^$$' -bench 'Table|Journal' -benchtime 1x -timeout 1h

# What may grow with the number of users, before 10,000 and before a million (SCIMBRIDGE_TEST_USERS), which takes some minutes and 2 GB where
# TMPDIR points: the cost of each operation, of a page of the list of all and its memory, and of a PATCH with 40,000 members. That is in
# memory where TMPDIR says nothing: on a disk each commit waits for pages that lie the farther apart the more users there are. It
# fails where it misses a goal, as on a disk it does.
bench-scale: export TMPDIR ?= $(wildcard /dev/shm)
bench-scale:
	go test ./cmd/scimbench -run '^$$' -bench Scale -benchtime 1x -timeout 2h

# The races between requests, thousands of rounds of each on every server: hours, most of them on Samba.
races:
	SCIMBRIDGE_TEST_ROUNDS=5000 go test -timeout 24h -v ./examples \
		-run 'TestEveryPairOfWrites|TestReferenceRaces|TestUniqueRaces|TestSameChangeTwice|TestTwoValuesAtOnce|TestIfMatchRace'

# Copies of the program killed at random under load, 500 times with each store: about twenty minutes. A shorter form is among the tests.
kills:
	SCIMBRIDGE_TEST_KILLS=500 go test -timeout 2h -v ./examples -run TestKilled

# A bridge that dies at every message of each kind of write, of its undo, and of what comes after such a death; one before 389 Directory
# Server and Samba that dies at each moment; the program killed beside slapd in each kind; and a directory that goes away before and after
# each write: long. A shorter form is among the tests.
crashes:
	SCIMBRIDGE_TEST_CRASHES=all go test -timeout 4h -v ./examples -run 'TestCrashed|TestKilledAnywhere|Stopped'

# All that can be asked of a site, in 1,025 rounds with outages, reloads and clients that leave, behind which it holds no more than before:
# minutes. A shorter form is among the tests.
leaks:
	SCIMBRIDGE_TEST_LEAKS=1025 go test -timeout 1h -v ./cmd/scimbridge -run TestNothingLeaks

# Random filters, 5,000 on each server: minutes. A shorter form is among the tests.
filters:
	SCIMBRIDGE_TEST_FILTERS=5000 go test -timeout 1h -v ./examples -run TestFiltersMatchWhatTheySay

# A preview of 5,000 users, held to what the cycle then does: a minute. A shorter form is among the tests.
preview:
	SCIMBRIDGE_TEST_USERS=5000 go test -timeout 1h -v ./examples -run TestPreview/openldap$$

# The list of all, read to its end while three others write, with 20,000 users in 20 pages: three minutes. A shorter form is among the tests.
pages:
	SCIMBRIDGE_TEST_PAGED=20000 go test -timeout 1h -v ./examples -run TestPagesWhileOthersWrite

# The first cycle over a directory with 5,000 entries that are to be linked, among others: a minute. A shorter form is among the tests.
brownfield:
	SCIMBRIDGE_TEST_USERS=5560 go test -race -timeout 1h -v ./examples -run TestBrownfield/openldap$$

# The configuration is read again 1,000 times under load, with the race detector: some minutes. A shorter form is among the tests.
reloads:
	SCIMBRIDGE_TEST_RELOADS=1000 go test -race -timeout 30m -v ./cmd/scimbridge -run TestReloadsUnderLoad

# Hostile clients against the program before a directory of 50,000 users: minutes. A shorter form is among the tests.
hostile:
	SCIMBRIDGE_TEST_USERS=50000 go test -v ./examples -run TestHostileClients

# Members who come to and go from a group of 50,000, on Active Directory too: minutes. A shorter form is among the tests.
large:
	SCIMBRIDGE_TEST_MEMBERS=50000 go test -timeout 1h -v ./examples -run TestLargeGroup

# What is large: a group of 100,000 members from its making to its end, photos of 1 MB, and what a server takes no more, then what `large`
# and `bench-scale` measure. Long. Shorter forms are among the tests.
sizes: export TMPDIR ?= $(wildcard /dev/shm)
sizes:
	SCIMBRIDGE_TEST_HUGE=100000 go test -timeout 2h -v ./examples -run 'TestHugeGroup|TestLargeValue'
	go test -v ./bridge/directory -run TestTooLargeForTheServer
	$(MAKE) large bench-scale

# What an undo makes of a deletion in a domain whose recycle bin is on: half a minute.
bin:
	SCIMBRIDGE_TEST_RECYCLE_BIN=1 go test ./examples -run TestUndoAddsAnew

# Two domain controllers that replicate, of which one is killed and the other lags: a minute or two. Two slapds are among the tests.
controllers:
	SCIMBRIDGE_TEST_CONTROLLERS=1 go test -v ./bridge/directory -run TestThereAndBack

# Every exchange on every server, and what drift and replay make of what it left in the journal: minutes. A few are among the tests.
drift:
	SCIMBRIDGE_TEST_DRIFT=1 go test -timeout 1h ./examples -run TestNoDrift

# 20,000 operations of clients under 28 kinds of fault (27 with --store none) with three copies, held to what there is afterwards: five
# minutes. A shorter form is among the tests. SOAK_ARGS="--seed 7" are arguments of scimbench soak.
soak:
	go run ./cmd/scimbench soak $(SOAK_ARGS)
