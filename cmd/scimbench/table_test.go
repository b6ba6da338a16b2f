package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// goals are the ratios to be reached, with 16 requests at a time and with one.
var goals = map[string]map[int]float64{
	"query-hit":       {16: 0.60, 1: 0.50},
	"query-miss":      {16: 0.60, 1: 0.50},
	"get":             {16: 0.60, 1: 0.50},
	"create":          {16: 0.75, 1: 0.60},
	"patch":           {16: 0.65, 1: 0.55},
	"disable":         {16: 0.65, 1: 0.60},
	"member-of-10000": {16: 0.85, 1: 0.80},
}

// The goals beside them.
const (
	readyGoal  = 200 * time.Millisecond
	restGoal   = 40_000_000 // resident, before anything is asked
	workedGoal = 80_000_000 // and after the run at 16
)

// BenchmarkTable measures scimbridge in front of slapd with 10,000 users: `make bench`. BENCH_ARGS are further arguments of scimbench, and
// BENCH_JSON names a file for the figures. It prints a table, and that as the README carries it.
func BenchmarkTable(b *testing.B) {
	s := serve(b, 10_000, false)
	for b.Loop() {
		if err := table(b, s, os.Stdout); err != nil {
			b.Fatal(err)
		}
	}
}

func table(b *testing.B, s *site, out io.Writer) error {
	line, _, ok := parse(out, os.Stderr, append(s.arguments, strings.Fields(os.Getenv("BENCH_ARGS"))...))
	if !ok {
		return fmt.Errorf("BENCH_ARGS=%q", os.Getenv("BENCH_ARGS"))
	}
	time.Sleep(time.Second) // what the start needed is there still, and no request's
	var beside []string
	say := func(what string, goal, got any, missed bool) {
		verdict := ""
		if missed {
			verdict = ", missed"
		}
		beside = append(beside, fmt.Sprintf("%s %v (goal: %v%s)", what, got, goal, verdict))
	}
	say("From the start to ready:", readyGoal, s.ready.Round(time.Millisecond), s.ready > readyGoal)
	rest, octets := s.resident("VmRSS")
	say("Resident then:", fmt.Sprintf("%d MB", restGoal/1_000_000), rest, octets > restGoal)
	all := &report{}
	concurrencies := line.Concurrency
	for _, n := range concurrencies {
		line.Concurrency = []int{n}
		r, err := measure(b.Context(), line, os.Stderr)
		if err != nil {
			return err
		}
		all.Users, all.Rows = r.Users, append(all.Rows, r.Rows...)
		worked, octets := s.resident("VmRSS")
		peak, _ := s.resident("VmHWM")
		what, goal := fmt.Sprintf("After the run at %d:", n), fmt.Sprintf("%d MB", workedGoal/1_000_000)
		say(what, goal, worked+", at most "+peak, octets > workedGoal)
	}
	fmt.Fprintf(out, "\n%s\nslapd's database: %s\n",
		s.machine(), s.data())
	if err := all.print(out, false); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s\n", strings.Join(beside, "\n"))
	fmt.Fprintf(out, "\nFor the README:\n\n%s\n%s", s.machine(), markdown(all.Rows, concurrencies))
	fmt.Fprintf(out, "\n%s.\n\n", strings.Join(beside, ". "))
	if file := os.Getenv("BENCH_JSON"); file != "" {
		text, err := json.MarshalIndent(all, "", "  ")
		if err == nil {
			err = os.WriteFile(file, text, 0o666)
		}
		if err != nil {
			return err
		}
	}
	if all.failed() {
		return fmt.Errorf("some request was not answered as it should be")
	}
	return nil
}

// markdown has a line for each operation, and three columns for each concurrency.
func markdown(rows []*row, concurrencies []int) string {
	var text strings.Builder
	text.WriteString("\n| operation |")
	for _, n := range concurrencies {
		fmt.Fprintf(&text, " %d at a time: a second | p50, p99 ms | of the directory |", n)
	}
	text.WriteString("\n|---|" + strings.Repeat("---|---|---|", len(concurrencies)) + "\n")
	var names []string
	for _, row := range rows {
		if !slices.Contains(names, row.Operation) {
			names = append(names, row.Operation)
		}
	}
	for _, name := range names {
		fmt.Fprintf(&text, "| %s |", name)
		for _, row := range rows { // which are in the order of the concurrencies
			switch {
			case row.Operation != name:
			case row.Skipped != "":
				text.WriteString(" – | – | – |")
			default:
				fmt.Fprintf(&text, " %.0f | %.2f, %.2f | %s |", row.Rate, row.P50, row.P99, verdict(row))
			}
		}
		text.WriteString("\n")
	}
	return text.String()
}

// verdict is a ratio beside its goal.
func verdict(r *row) string {
	goal := goals[r.Operation][r.Concurrency]
	switch {
	case r.Ratio == 0:
		return "–"
	case goal == 0:
		return fmt.Sprintf("%.2f", r.Ratio)
	case r.Ratio < goal:
		return fmt.Sprintf("%.2f (goal: %.2f, missed)", r.Ratio, goal)
	}
	return fmt.Sprintf("%.2f (goal: %.2f)", r.Ratio, goal)
}

func TestMarkdown(t *testing.T) {
	rows := []*row{
		{Operation: "get", Concurrency: 16, Rate: 30, P50: 1, P99: 2, Ratio: 0.59},
		{Operation: "cycle", Concurrency: 16, Rate: 4},
		{Operation: "get", Concurrency: 1, Rate: 20, P50: 1, P99: 2, Ratio: 0.51},
		{Operation: "cycle", Concurrency: 1, Skipped: "needs 7 users, there are 3"},
	}
	want := `
| operation | 16 at a time: a second | p50, p99 ms | of the directory | 1 at a time: a second | p50, p99 ms | of the directory |
|---|---|---|---|---|---|---|
| get | 30 | 1.00, 2.00 | 0.59 (goal: 0.60, missed) | 20 | 1.00, 2.00 | 0.51 (goal: 0.50) |
| cycle | 4 | 0.00, 0.00 | – | – | – | – |
`
	if got := markdown(rows, []int{16, 1}); got != want {
		t.Errorf("%s", got)
	}
}
