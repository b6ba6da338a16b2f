package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"scimbridge/bridge/inspect/layout"
	"scimbridge/bridge/journal/report"
)

// dialog asks whoever sits at the terminal; nil: nobody does.
type dialog struct {
	in     *bufio.Reader
	out    io.Writer
	secret func() (string, error) // reads a line that is not shown
}

// atTerminal is the dialog with who sits there.
func atTerminal(out io.Writer) *dialog {
	stdin := int(os.Stdin.Fd())
	if !term.IsTerminal(stdin) {
		return nil
	}
	return &dialog{bufio.NewReader(os.Stdin), out, func() (string, error) {
		line, err := term.ReadPassword(stdin)
		fmt.Fprintln(out)
		return string(line), err
	}}
}

// ask asks for a line; an empty one is the usual answer.
func (d *dialog) ask(question, usual string) (string, error) {
	if usual != "" {
		question += " [" + usual + "]"
	}
	fmt.Fprint(d.out, question+": ")
	line, err := d.in.ReadString('\n')
	if line = strings.TrimSpace(line); line == "" && err == nil {
		line = usual
	}
	if line != "" {
		err = nil
	}
	return line, err
}

// askSecret asks for a line that is not shown.
func (d *dialog) askSecret(question string) (string, error) {
	fmt.Fprint(d.out, question+": ")
	return d.secret()
}

// choose asks for one of the options, by its number.
func (d *dialog) choose(u *layout.Undecided) (string, error) {
	fmt.Fprintln(d.out, report.Plain(u.What)+"?")
	for i, o := range u.Options {
		fmt.Fprintf(d.out, "  %d  %s (%s)\n", i+1, report.Plain(o.Value), o.Says)
	}
	for {
		line, err := d.ask("Which", "1")
		if err != nil {
			return "", err
		}
		if n, err := strconv.Atoi(line); err == nil && n > 0 && n <= len(u.Options) {
			return u.Options[n-1].Value, nil
		}
		fmt.Fprintf(d.out, "A number from 1 to %d.\n", len(u.Options))
	}
}
