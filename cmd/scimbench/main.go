// Command scimbench measures a SCIM 2.0 server: how fast it answers what identity providers send and, where it stands in front of an LDAP
// directory, how near that comes to the directory itself, asked for the same in the same run.
//
// It writes only to users and groups that it makes itself, and removes them when it ends. Those that are there are read, and become members
// of its groups.
//
// `scimbench soak` has clients and faults over copies of the bridge before servers of its own, and holds what was told to what there is.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

// The exit codes.
const (
	exitOK         = 0
	exitFault      = 1 // some request was not answered as it should be, or the run could not begin, or was interrupted
	exitUsage      = 2 // the command line is faulty
	exitIncomplete = 3 // of soak: nothing is amiss, of less than was asked for
)

// commandLine is the program's grammar.
type commandLine struct {
	URL       string `arg:"" help:"The SCIM base URL (Entra: Tenant URL)."`
	TokenFile string `required:"" placeholder:"FILE" help:"Holds the bearer token."`
	CAFile    string `name:"ca-file" placeholder:"FILE" help:"Certificates to trust, for the SCIM server and the directory."`

	LDAP directoryFlags `embed:"" prefix:"ldap-" group:"The directory behind it, to be measured beside it:"`

	Concurrency []int         `default:"16,1" help:"How many requests are under way at a time, one run for each."`
	Rounds      int           `default:"5" help:"How often each operation is measured; the ratio is the median."`
	Duration    time.Duration `default:"2s" help:"How long an operation is measured in a round."`
	Operations  []string      `help:"What to measure: ${operations}. All, where none is named." placeholder:"NAME"`
	Attribute   string        `default:"title" help:"The attribute that a patch changes: a simple one, that the server keeps."`
	JSON        bool          `name:"json" help:"Print JSON."`
	Remove      string        `help:"Measure nothing, and remove what an earlier run left." placeholder:"RUN"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal cleans up, the second ends
	code := run(ctx, os.Stdout, os.Stderr, os.Args[1:])
	stop()
	os.Exit(code)
}

// run is the program; it returns the exit code.
func run(ctx context.Context, stdout, stderr io.Writer, arguments []string) int {
	if len(arguments) > 0 && arguments[0] == "soak" {
		return runSoak(ctx, stdout, stderr, arguments[1:], onSite)
	}
	line, code, ok := parse(stdout, stderr, arguments)
	if !ok {
		return code
	}
	if line.Remove != "" {
		return exit(stderr, remove(line))
	}
	report, err := measure(ctx, line, stderr)
	if report != nil {
		err = errors.Join(report.print(stdout, line.JSON), err)
	}
	if err == nil && report.failed() {
		return exitFault
	}
	return exit(stderr, err)
}

func exit(stderr io.Writer, err error) int {
	if err != nil {
		fmt.Fprintln(stderr, "scimbench:", err)
		return exitFault
	}
	return exitOK
}

// remove removes what an earlier run left.
func remove(line commandLine) error {
	trusted, err := trust(line.CAFile)
	if err != nil {
		return err
	}
	c, err := newClient(line.URL, line.TokenFile, trusted)
	if err != nil {
		return err
	}
	return c.undoRun(line.Remove)
}

// parse reads the command line. Where it asks for help alone, or is faulty, that is said, and the program ends with the exit code.
func parse(stdout, stderr io.Writer, arguments []string) (line commandLine, code int, ok bool) {
	helped := false
	var names []string
	for _, o := range operations {
		names = append(names, o.name)
	}
	parser, err := kong.New(&line,
		kong.Name("scimbench"), kong.Description("How fast a SCIM 2.0 server is, and how near to its directory.\n\n"+
			"`scimbench soak` holds what clients are told to what there is, whatever breaks: see scimbench soak --help."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }), kong.Vars{"operations": strings.Join(names, ", ")})
	if err != nil {
		fmt.Fprintln(stderr, "scimbench:", err)
		return line, exitFault, false
	}
	_, err = parser.Parse(arguments)
	if helped {
		return line, exitOK, false
	}
	if err == nil {
		err = line.check(names)
	}
	if err != nil {
		fmt.Fprintf(stderr, "scimbench: %v; see scimbench --help\n", err)
		return line, exitUsage, false
	}
	return line, exitOK, true
}

func (l commandLine) check(names []string) error {
	if l.Remove != "" && (!strings.HasPrefix(l.Remove, runName) || l.Remove == runName) {
		return fmt.Errorf("--remove: %q is no run's name, as %sabcd2345", l.Remove, runName)
	}
	for _, name := range l.Operations {
		if !slices.Contains(names, name) {
			return fmt.Errorf("--operations: there is no %q", name)
		}
	}
	if len(l.Concurrency) == 0 {
		return fmt.Errorf("--concurrency must name a number")
	}
	for _, n := range l.Concurrency {
		if n < 1 || n > 1000 {
			return fmt.Errorf("--concurrency must be between 1 and 1000")
		}
	}
	if l.Rounds < 1 || l.Duration <= 0 {
		return fmt.Errorf("--rounds and --duration must be more than 0")
	}
	return nil
}
