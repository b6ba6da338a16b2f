package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"scimbridge/bridge/journal/report"
)

// listing is how things of the store are shown: in a table, or as JSON.
type listing[T any] struct {
	none  string // what is said where there are none
	heads []string
	cells func(T) []string
	json  func(T) any
}

func (l listing[T]) print(out io.Writer, things []T, asJSON bool) error {
	switch {
	case asJSON:
		shown := []any{}
		for _, thing := range things {
			shown = append(shown, l.json(thing))
		}
		return printJSON(out, shown)
	case len(things) == 0:
		_, err := fmt.Fprintln(out, l.none)
		return err
	}
	return l.table(out, things...)
}

func (l listing[T]) table(out io.Writer, things ...T) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(l.heads, "\t"))
	for _, thing := range things {
		fmt.Fprintln(table, strings.Join(l.cells(thing), "\t"))
	}
	return table.Flush()
}

func printJSON(out io.Writer, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err == nil {
		_, err = out.Write(append(report.VisibleJSON(text), '\n'))
	}
	return err
}

// jsonLine prints a value on a line.
func jsonLine(out io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err == nil {
		_, err = out.Write(append(report.VisibleJSON(text), '\n'))
	}
	return err
}

// moment is a time in UTC, and who or what goes with it; "" where there is none.
func moment(t time.Time, who, how string) string {
	if t.IsZero() {
		return ""
	}
	text := t.UTC().Format("2006-01-02 15:04Z")
	if who != "" {
		text += " " + how + " " + who
	}
	return text
}

// toSecond is a time as JSON has it.
func toSecond(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
