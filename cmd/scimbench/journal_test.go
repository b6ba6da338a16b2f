package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// journalGoal is what is to be left of the rate of writes with a journal in a SQLite file.
const journalGoal = 0.85

// BenchmarkJournal measures writes with and without a journal, in turns: `make bench`. Both bridges are in front of the same slapd.
func BenchmarkJournal(b *testing.B) {
	s := serve(b, 10_000, false)
	kept := s.beside(b, "SCIMBRIDGE_STORE_FILE="+filepath.Join(b.TempDir(), "store.db"),
		"SCIMBRIDGE_GUARD_LIMITS_0_EFFECT=blocked", "SCIMBRIDGE_GUARD_LIMITS_0_MOST=1000000000", // counted, and never held
		"SCIMBRIDGE_GUARD_LIMITS_0_WITHIN=1h")
	for b.Loop() {
		if err := withJournal(b, s, kept, os.Stdout); err != nil {
			b.Fatal(err)
		}
	}
}

// withJournal prints what one bridge is of another, for each operation that writes.
func withJournal(b *testing.B, without, with *site, out io.Writer) (err error) {
	var sides []*bench
	for _, s := range []*site{without, with} {
		arguments := slices.Concat(s.arguments[:3], // the directory itself is not asked
			[]string{"--operations", "create,patch,disable"}, strings.Fields(os.Getenv("BENCH_ARGS")))
		line, _, ok := parse(out, os.Stderr, arguments)
		if !ok {
			return fmt.Errorf("BENCH_ARGS=%q", os.Getenv("BENCH_ARGS"))
		}
		side, err := newBench(line, os.Stderr)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, side.cleanUp()) }()
		if err := side.prepare(b.Context()); err != nil {
			return err
		}
		sides = append(sides, side)
	}
	fmt.Fprintf(out, "\n| operation | at a time | without a journal, a second | with it | of that |\n|---|---|---|---|---|\n")
	line := sides[0].line
	for _, concurrency := range line.Concurrency {
		for _, row := range sides[0].rows(concurrency) {
			for n := range line.Rounds {
				rates := map[*bench]phase{}
				for i := range sides { // each begins in turn
					side := sides[(i+n)%2]
					rates[side] = side.phase(b.Context(), concurrency, row.operation.scim)
				}
				row.add(rates[sides[1]], rates[sides[0]])
			}
			verdict := ""
			if concurrency == 16 {
				verdict = fmt.Sprintf(" (goal: %.2f)", journalGoal)
				if row.Ratio < journalGoal {
					verdict = fmt.Sprintf(" (goal: %.2f, missed)", journalGoal)
				}
			}
			fmt.Fprintf(out, "| %s | %d | %.0f | %.0f | %.2f%s |\n", row.Operation, concurrency, row.Floor, row.Rate, row.Ratio, verdict)
			if len(row.Errors) > 0 {
				return fmt.Errorf("%s: %v", row.Operation, row.Errors)
			}
		}
	}
	return nil
}
