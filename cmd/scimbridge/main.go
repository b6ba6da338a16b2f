// Command scimbridge is a SCIM 2.0 service provider in front of an LDAP directory.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"scimbridge/bridge/journal/report"
	"scimbridge/bridge/release"
)

// The exit codes.
const (
	exitOK    = 0
	exitFault = 1 // the configuration is faulty, or the program failed
	exitUsage = 2 // the command line is faulty

	exitDiffers = 3 // what was compared differs
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(&world{ctx, os.Environ(), os.Stdout, os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}

// world is what a command sees of the outside. Its context ends when the program shall.
type world struct {
	context.Context
	environ        []string
	stdout, stderr io.Writer
}

// commandLine is the program's grammar.
type commandLine struct {
	Serve   serveCommand   `cmd:"" help:"Serve SCIM as the configuration says."`
	Token   tokenCommand   `cmd:"" help:"Make, list and revoke the store's tokens."`
	Hold    holdCommand    `cmd:"" help:"List, approve and refuse what guard.limits hold."`
	Journal journalCommand `cmd:"" help:"Find out what was done and refused, by whom."`
	Undo    undoCommand    `cmd:"" help:"Take back what the journal has on record."`
	Health  healthCommand  `cmd:"" help:"Ask the program that serves whether it is ready."`
	Init    initCommand    `cmd:"" help:"Look at a directory and write the configuration for it."`
	Check   checkCommand   `cmd:"" help:"Check a configuration and report every fault."`
	Config  configCommand  `cmd:"" help:"Print a complete configuration, or its JSON Schema."`
	Drift   driftCommand   `cmd:"" help:"Find what was changed outside the bridge, by the journal."`
	Explain explainCommand `cmd:"" help:"Show what a request would do, and write nothing."`
	Replay  replayCommand  `cmd:"" help:"Play what was recorded against another map, and write nothing."`
	Preview previewCommand `cmd:"" help:"Foretell what the first provisioning cycle would do, and write nothing."`
	Demo    demoCommand    `cmd:"" help:"Provision an in-process directory as Entra would, and show each step."`
	Version versionCommand `cmd:"" help:"Print the version."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

// run is the program; it returns the exit code.
func run(w *world, arguments []string) int {
	var line commandLine
	helped := false
	parser, err := kong.New(&line, kong.Name("scimbridge"), kong.Description("SCIM 2.0 for the directory that you already have."),
		kong.Writers(w.stdout, w.stderr), kong.Exit(func(int) { helped = true }),
		kong.Vars{"version": "scimbridge " + release.Read().String()})
	if err != nil {
		fmt.Fprintln(w.stderr, "scimbridge:", err)
		return exitFault
	}
	command, err := parser.Parse(arguments)
	switch {
	case helped:
		return exitOK
	case err != nil:
		fmt.Fprintf(w.stderr, "scimbridge: %v; see %s --help\n", err, meant(err))
		return exitUsage
	}
	switch err := command.Run(w); {
	case errors.Is(err, errDiffers): // it has told in what
		return exitDiffers
	case errors.Is(err, errTold):
		return exitFault
	case isMisuse(err):
		fmt.Fprintf(w.stderr, "scimbridge: %s; see %s --help\n", report.Lines(err.Error()), command.Selected().FullPath())
		return exitUsage
	case err != nil:
		fmt.Fprintln(w.stderr, report.Lines(err.Error()+named(command, err))) // a directory's words may be in it
		return exitFault
	}
	return exitOK
}

// errDiffers is the error of a command that finds differences, as it was to.
var errDiffers = errors.New("it differs")

// errTold is the error of a command that has told what is wrong where it tells everything.
var errTold = errors.New("it has told what is wrong")

// misuse is of the command line, and found out when the command runs.
type misuse struct{ error }

func isMisuse(err error) bool {
	_, is := errors.AsType[misuse](err)
	return is
}

// named says which flag names the file that could not be opened, and which variable may: " (--config, or SCIMBRIDGE_CONFIG)".
func named(command *kong.Context, err error) string {
	fault, is := errors.AsType[*fs.PathError](err)
	for _, flag := range command.Flags() {
		if is && flag.Target.Kind() == reflect.String && flag.Target.String() == fault.Path {
			return " (" + strings.Join(append([]string{"--" + flag.Name}, flag.Envs...), ", or ") + ")"
		}
	}
	return ""
}

// meant is the command that a command line was wrong in.
func meant(err error) string {
	var fault *kong.ParseError
	if errors.As(err, &fault) && fault.Context.Selected() != nil {
		return fault.Context.Selected().FullPath()
	}
	return "scimbridge"
}

type versionCommand struct{}

func (versionCommand) Run(w *world) error {
	_, err := fmt.Fprintln(w.stdout, "scimbridge", release.Read())
	return err
}
