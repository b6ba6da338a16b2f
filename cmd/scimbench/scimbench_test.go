package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/examples/bridgetest"
)

func TestMain(m *testing.M) { dirtest.Main(m, bridgetest.RemoveBuilt) }

// TestRun measures each operation for a moment. Nothing fails, all is measured, and the directory is as it was before.
func TestRun(t *testing.T) {
	s := serve(t, 1000, false)
	before := len(s.server.Entries(t, s.server.People)) + len(s.server.Entries(t, s.server.Groups))
	var out, log bytes.Buffer
	code := run(t.Context(), &out, &log, append(s.arguments, "--json", "--rounds", "1", "--duration", "30ms", "--concurrency", "3,1"))
	if code != exitOK {
		t.Fatalf("exit code %d\n%s%s", code, &out, &log)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 2*len(operations) {
		t.Errorf("%d rows", len(r.Rows))
	}
	for i, row := range r.Rows {
		if o := operations[i%len(operations)]; row.Operation != o.name || (row.Skipped == "") != (o.group <= 1000) ||
			row.Skipped == "" && (row.Rate == 0 || row.P50 == 0 || row.P99 < row.P50 || (row.Ratio > 0) != (o.floor != nil)) {
			t.Errorf("%+v", row)
		}
	}
	if after := len(s.server.Entries(t, s.server.People)) + len(s.server.Entries(t, s.server.Groups)); after != before {
		t.Errorf("%d entries before and %d after\n%s", before, after, &log)
	}
	// A server that answers otherwise is told of, and fails the run.
	out.Reset()
	code = run(t.Context(), &out, &log, append(s.arguments, "--rounds", "1", "--duration", "30ms", "--concurrency", "1",
		"--operations", "patch,get", "--attribute", "nothing.like.it"))
	if code != exitFault || !strings.Contains(out.String(), "times PATCH /Users/…: 400 in the place of 200") {
		t.Errorf("exit code %d\n%s", code, &out)
	}
}

func TestCommandLine(t *testing.T) {
	for arguments, want := range map[string]string{
		"http://x": "--token-file",
		"http://x --token-file=x --operations=fly":    `there is no "fly"`,
		"http://x --token-file=x --concurrency=0":     "--concurrency must be",
		"http://x --token-file=x --concurrency=":      "--concurrency must",
		"http://x --token-file=x --rounds=0":          "--rounds",
		"http://x --token-file=x --remove=scimbench-": "no run's name",
		"http://x --token-file=/nothing/there":        "no such file",
		"http://x --token-file=/nothing --ca-file=/x": "no such file",
	} {
		var out, log bytes.Buffer
		if code := run(t.Context(), &out, &log, strings.Fields(arguments)); code == exitOK || !strings.Contains(log.String(), want) {
			t.Errorf("%q: %d, %s", arguments, code, &log)
		}
	}
	var out, log bytes.Buffer
	code := run(t.Context(), &out, &log, []string{"--help"})
	if code != exitOK || !strings.Contains(out.String(), "scimbench soak --help") {
		t.Errorf("--help: %d, %s", code, &out)
	}
}

func TestRow(t *testing.T) {
	r := &row{Errors: map[string]int{}}
	for i, rate := range []float64{10, 30, 20} {
		p := phase{rate: rate, errors: map[string]int{"odd": i}}
		for n := range 100 {
			p.took = append(p.took, time.Duration(n+1)*time.Millisecond)
		}
		r.add(p, phase{rate: 40})
	}
	if r.Rate != 20 || r.Floor != 40 || r.Ratio != 0.5 || r.P50 != 50 || r.P95 != 95 || r.P99 != 99 || r.Errors["odd"] != 3 {
		t.Errorf("%+v", r)
	}
	var text bytes.Buffer
	if err := errors.Join((&report{Rows: []*row{r}}).print(&text, false)); err != nil || !strings.Contains(text.String(), "0.50") ||
		!strings.Contains(text.String(), "3 times odd") {
		t.Errorf("%v %s", err, &text)
	}
}
