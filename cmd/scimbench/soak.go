package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"scimbridge/cmd/scimbench/history"
	"scimbridge/cmd/scimbench/soak"
)

// soakLine is the grammar of `scimbench soak`.
type soakLine struct {
	Operations int           `default:"20000" help:"How many, at the least: each client does some 120 in a round."`
	Duration   time.Duration `default:"1h" help:"No more are begun after it."`
	Copies     int           `default:"3" help:"Of the bridge."`
	Store      soak.Store    `default:"postgres" enum:"${stores}" help:"That they share: ${stores}."`
	Clients    int           `default:"8" help:"At a time."`
	Faults     []string      `help:"Kinds, of: ${faults}. All, where none is named." placeholder:"KIND"`
	Seed       uint64        `help:"That makes the plan; left out: another each time." placeholder:"N"`
	Shrink     int           `default:"20" help:"How often a plan that fails is run again with less in it."`
}

// runSoak has clients and faults over copies of the bridge before a private slapd, and prints what is not true of what they were told.
func runSoak(ctx context.Context, stdout, stderr io.Writer, arguments []string, ready readier) int {
	var line soakLine
	helped := false
	parser, err := kong.New(&line, kong.Name("scimbench soak"),
		kong.Description("Whether what clients are told is true, whatever breaks: random operations and faults over private servers."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }),
		kong.Vars{"faults": strings.Join(soak.Faults(soak.Postgres), ", "), "stores": strings.Join(soak.Stores, ",")})
	if err == nil {
		_, err = parser.Parse(arguments)
	}
	if helped {
		return exitOK
	}
	if err == nil {
		err = line.check()
	}
	if err != nil {
		fmt.Fprintf(stderr, "scimbench: %v; see scimbench soak --help\n", err)
		return exitUsage
	}
	if line.Seed == 0 {
		line.Seed = uint64(time.Now().UnixNano())
	}
	err = line.run(ctx, stdout, ready)
	if errors.Is(err, errIncomplete) {
		fmt.Fprintln(stderr, "scimbench:", err)
		return exitIncomplete
	}
	return exit(stderr, err)
}

func (l soakLine) check() error {
	if l.Operations < 1 || l.Copies < 1 || l.Clients < 1 || l.Duration <= 0 || l.Shrink < 0 {
		return errors.New("--operations, --copies, --clients and --duration must be more than 0")
	}
	for _, kind := range l.Faults {
		if !slices.Contains(soak.Faults(l.Store), kind) {
			return fmt.Errorf("--faults: there is no %q with the store %s", kind, l.Store)
		}
	}
	return nil
}

// eachRound is how many operations a client does between two looks.
const eachRound = 120

// What a run ends with.
var (
	errAmiss      = errors.New("what clients were told is not true")
	errIncomplete = errors.New("not complete: some of what was asked for was not done")
)

type (
	// runner runs a plan once.
	runner func(*history.Plan) (*soak.Report, error)
	// readier makes ready what runs plans; what it needs on the disk is in a folder that is removed at the end.
	readier func(ctx context.Context, l soakLine, folder string, tell func(format string, values ...any)) (runner, error)
)

// onSite builds the bridge, and runs plans over copies of it.
func onSite(ctx context.Context, l soakLine, folder string, tell func(format string, values ...any)) (runner, error) {
	binary := filepath.Join(folder, "scimbridge")
	if said, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "scimbridge/cmd/scimbridge").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the bridge cannot be built, which is done within its repository: go build: %w: %s",
			err, bytes.TrimSpace(said))
	}
	examples, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", "scimbridge/examples").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	return func(plan *history.Plan) (*soak.Report, error) {
		return supervised(ctx, folder, func(t testing.TB) *soak.Report {
			return soak.Run(t, soak.Options{
				Binary: binary, Folder: filepath.Join(strings.TrimSpace(string(examples)), "openldap"), Copies: l.Copies, Store: l.Store,
				Plan: plan, Until: l.Duration, Told: tell,
			})
		})
	}, nil
}

func (l soakLine) run(ctx context.Context, stdout io.Writer, ready readier) error {
	folder, err := os.MkdirTemp("", "scimbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	tell := func(format string, values ...any) { fmt.Fprintf(stdout, format+"\n", values...) }
	once, err := ready(ctx, l, folder, tell)
	if err != nil {
		return err
	}
	faults := l.Faults
	if len(faults) == 0 {
		faults = soak.Faults(l.Store)
	}
	plan := history.New(l.Seed, history.Scale{
		Operations: l.Operations, Clients: l.Clients, Copies: l.Copies, Each: eachRound, Faults: faults,
	})
	tell("seed %d: %d operations of %d clients, %d copies, store: %s, %d kinds of fault",
		l.Seed, plan.Size(), l.Clients, l.Copies, l.Store, len(faults))
	report, err := once(plan)
	if err = cmp.Or(context.Cause(ctx), err); err != nil {
		return err
	}
	tell("%s", report)
	lacks := report.Lacks(plan, faults)
	for _, what := range lacks {
		tell("%s", what)
	}
	if len(report.Violations) > 0 {
		l.shrink(ctx, tell, plan, report, once)
		return errAmiss
	}
	const well = "nothing that was acknowledged is missing, and nothing else is amiss"
	if len(lacks) > 0 {
		tell("not complete; in what was done %s", well)
		return errIncomplete
	}
	tell(well)
	return nil
}

// shrink prints what a report says is wrong, and the least of its plan of which that was so as well.
func (l soakLine) shrink(
	ctx context.Context, tell func(format string, values ...any), plan *history.Plan, report *soak.Report, once runner,
) {
	for _, v := range report.Violations {
		tell("\n%s", v)
	}
	plan = &history.Plan{Seed: plan.Seed, Rounds: plan.Rounds[:report.Rounds]}
	smallest := report
	fails := func(p *history.Plan) bool {
		if ctx.Err() != nil {
			return false
		}
		again, err := once(p)
		if err != nil || again == nil || len(again.Violations) == 0 {
			return false
		}
		smallest = again
		return true
	}
	if about := plan.About(report.Violations[:1]); l.Shrink > 0 && fails(about) {
		plan = about
	}
	plan = history.Shrink(plan, l.Shrink-1, fails)
	tell("\nIt fails with this as well:\n%s", plan)
	for _, v := range smallest.Violations {
		tell("%s", v)
	}
}

// supervisor is what tests are run by, for what is run by a command.
type supervisor struct {
	testing.TB // nil: what is not below nobody may ask for
	ctx        context.Context
	folder     string

	mu      sync.Mutex
	wrong   []error
	cleanup []func()
}

// supervised does what takes a test, and says what it found wrong.
func supervised[T any](ctx context.Context, folder string, do func(testing.TB) T) (value T, err error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &supervisor{ctx: ctx, folder: folder}
	done := make(chan struct{})
	go func() { // which a Fatal ends
		defer close(done)
		value = do(s)
	}()
	<-done
	cancel()
	for _, end := range slices.Backward(s.cleanup) {
		end()
	}
	return value, errors.Join(s.wrong...)
}

func (s *supervisor) Name() string             { return "soak" }
func (s *supervisor) Helper()                  {}
func (s *supervisor) Context() context.Context { return s.ctx }
func (s *supervisor) Log(...any)               {}
func (s *supervisor) Logf(string, ...any)      {}

func (s *supervisor) Error(values ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = append(s.wrong, errors.New(strings.TrimSpace(fmt.Sprintln(values...))))
}

func (s *supervisor) Errorf(format string, values ...any) { s.Error(fmt.Sprintf(format, values...)) }

func (s *supervisor) Fatal(values ...any) {
	s.Error(values...)
	runtime.Goexit()
}

func (s *supervisor) Fatalf(format string, values ...any) { s.Fatal(fmt.Sprintf(format, values...)) }
func (s *supervisor) Skip(values ...any)                  { s.Fatal(values...) }
func (s *supervisor) Skipf(format string, values ...any)  { s.Fatalf(format, values...) }

func (s *supervisor) Cleanup(end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cleanup = append(s.cleanup, end)
}

func (s *supervisor) TempDir() string {
	folder, err := os.MkdirTemp(s.folder, "")
	if err != nil {
		s.Fatal(err)
	}
	return folder
}
