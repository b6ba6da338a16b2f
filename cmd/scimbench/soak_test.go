package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"scimbridge/cmd/scimbench/history"
	"scimbridge/cmd/scimbench/soak"
)

// with runs soak with another runner of plans than its site.
func with(t *testing.T, once runner, arguments ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = runSoak(t.Context(), &out, &errs, append([]string{"--seed", "7", "--operations", "1"}, arguments...),
		func(context.Context, soakLine, string, func(string, ...any)) (runner, error) { return once, nil })
	return code, out.String(), errs.String()
}

// complete is the report of a run of all of a plan that nothing is wrong with.
func complete(plan *history.Plan) *soak.Report {
	r := &soak.Report{Rounds: len(plan.Rounds), Writes: 4, Written: 1, Did: map[history.Kind]int{}, Faults: map[string]int{}}
	for _, op := range plan.Ops() {
		for _, one := range append([]*history.Op{op}, op.Parts...) {
			r.Did[one.Kind]++
		}
	}
	for _, kind := range soak.Faults(soak.Postgres) {
		r.Faults[kind]++
	}
	return r
}

// TestSoakFails: of a plan that something is wrong with the least is printed that it was wrong with as well, with what was wrong then.
func TestSoakFails(t *testing.T) {
	var first *history.Plan
	var culprits []*history.Op
	runs := 0
	const most = 60
	code, out, errs := with(t, func(plan *history.Plan) (*soak.Report, error) {
		if runs++; first == nil {
			first = plan
			for _, op := range plan.Ops() { // two that change one user
				if op.User != 0 && len(culprits) < 2 && (culprits == nil || culprits[0].User == op.User) {
					culprits = append(culprits, op)
				}
			}
		}
		r, ops := complete(plan), plan.Ops()
		if slices.Contains(ops, culprits[0]) && slices.Contains(ops, culprits[1]) {
			r.Violations = []history.Violation{{What: fmt.Sprintf("wrong in run %d", runs), Of: []int{culprits[0].User}}}
		} else if runs%3 == 0 {
			return nil, errors.New("a run that could not begin is no run that fails")
		}
		return r, nil
	}, "--shrink", fmt.Sprint(most))
	if code != exitFault || !strings.Contains(errs, errAmiss.Error()) || strings.Contains(out, "nothing that was acknowledged") {
		t.Errorf("%d %s %s", code, errs, out)
	}
	before, after, found := strings.Cut(out, "It fails with this as well:\nseed 7\n")
	if !found || !strings.Contains(before, "wrong in run 1\n") {
		t.Fatal(out)
	}
	operations := strings.Count(after, "  client ")
	if operations < 2 || operations > 10 || runs > 1+most {
		t.Errorf("after %d runs of %d operations are left:\n%s", runs, first.Size(), after)
	}
	for _, op := range culprits {
		if !strings.Contains(after, "  "+op.String()+"\n") {
			t.Errorf("%s is not printed in\n%s", op, after)
		}
	}
	if !strings.Contains(after, "wrong in run ") || strings.Contains(after, "wrong in run 1\n") {
		t.Errorf("it is not said what was wrong with the least of it:\n%s", after)
	}
	runs, first, culprits = 0, nil, nil
	if code, out, _ := with(t, func(plan *history.Plan) (*soak.Report, error) {
		runs++
		r := complete(plan)
		r.Violations = []history.Violation{{What: "always wrong"}}
		return r, nil
	}, "--shrink", "0"); code != exitFault || runs != 1 {
		t.Errorf("%d after %d runs: %s", code, runs, out)
	}
}

// TestSoakLacks: a run that is less than what was asked for says what it lacks, and does not end as one that is complete.
func TestSoakLacks(t *testing.T) {
	for want, lack := range map[string]func(*soak.Report){
		"":                        func(*soak.Report) {},
		"it ended after 0 of ":    func(r *soak.Report) { r.Rounds-- },
		"1 of 8 writes were done": func(r *soak.Report) { r.Writes = 8 },
		"0 of 0 writes were done": func(r *soak.Report) { r.Writes, r.Written = 0, 0 },
		"no operation was done of the kinds soft delete\n": func(r *soak.Report) { delete(r.Did, history.SoftDelete) },
		"no fault met anything of the kinds reset\n":       func(r *soak.Report) { delete(r.Faults, "reset") },
	} {
		code, out, errs := with(t, func(plan *history.Plan) (*soak.Report, error) {
			r := complete(plan)
			lack(r)
			return r, nil
		})
		is := exitOK
		if want != "" {
			is = exitIncomplete
		}
		if code != is || !strings.Contains(out, want) || strings.Contains(out, "not complete") != (want != "") ||
			strings.Contains(errs, errIncomplete.Error()) != (want != "") || !strings.Contains(out, "nothing else is amiss") {
			t.Errorf("%q: %d %s %s", want, code, errs, out)
		}
	}
	faults := func(plan *history.Plan) (*soak.Report, error) {
		r := complete(plan)
		r.Faults = map[string]int{"reset": 1}
		return r, nil
	}
	if code, out, _ := with(t, faults, "--faults", "reset"); code != exitOK {
		t.Errorf("a kind is missing that was not asked for: %d %s", code, out)
	}
	wrong := func(*history.Plan) (*soak.Report, error) { return nil, errors.New("no slapd") }
	if code, _, errs := with(t, wrong); code != exitFault || !strings.Contains(errs, "no slapd") {
		t.Errorf("a run that could not begin: %d %s", code, errs)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := func(context.Context, soakLine, string, func(string, ...any)) (runner, error) {
		return func(plan *history.Plan) (*soak.Report, error) {
			cancel(errors.New("interrupted"))
			return complete(plan), errors.New("nothing answers any more")
		}, nil
	}
	var errs bytes.Buffer
	if code := runSoak(ctx, io.Discard, &errs, nil, interrupted); code != exitFault || errs.String() != "scimbench: interrupted\n" {
		t.Errorf("an interrupted run: %d %s", code, &errs)
	}
}

// TestSoakElsewhere: where there is nothing to build the bridge from, it says where to run it.
func TestSoakElsewhere(t *testing.T) {
	t.Chdir(t.TempDir())
	var said bytes.Buffer
	if code := runSoak(t.Context(), io.Discard, &said, []string{"--operations", "1"}, onSite); code != exitFault ||
		!strings.Contains(said.String(), "within its repository") {
		t.Errorf("%d %s", code, &said)
	}
}
