package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/valyala/fasthttp"

	"scimbridge/bridge/directory/dirtest"
)

// What must hold however many users there are.
const (
	growthGoal  = 1.5         // what an operation costs among many users, over what it costs among few; and the last pages over the first
	listGoal    = 250_000_000 // octets that the bridge has at the most while it lists them all
	membersGoal = 15          // what a PATCH with many members costs, over the raw modify
)

// BenchmarkScale measures what may grow with the number of users, before 10,000 and before a million: `make bench-scale`.
// SCIMBRIDGE_TEST_USERS is another number of many, BENCH_ARGS are further arguments of scimbench.
func BenchmarkScale(b *testing.B) {
	users := dirtest.Number(b, "SCIMBRIDGE_TEST_USERS", 1_000_000)
	few, many := serve(b, 10_000, false), serve(b, users, false)
	for b.Loop() {
		err := scale(b.Context(), os.Stdout, few, many, min(40_000, users), append([]string{
			"--operations", "query-hit,query-miss,get,create,patch,disable,member-of-10000", "--rounds", "3", "--duration", "1s",
		}, strings.Fields(os.Getenv("BENCH_ARGS"))...))
		if err != nil {
			b.Fatal(err)
		}
	}
}

// TestScale: the measurement works, on few users, and what a request asks of the directory does not depend on how many there are.
func TestScale(t *testing.T) {
	few, many := serve(t, 300, true), serve(t, 3000, true)
	measured := "query-hit,query-miss,get,create,patch,disable,member-of-1,list-by-index,list-by-cursor,entra-cycle"
	var out strings.Builder
	err := scale(t.Context(), &out, few, many, 1200, []string{
		"--operations", measured, "--rounds", "1", "--duration", "20ms", "--concurrency", "2",
	})
	if err != nil {
		t.Fatal(err)
	}
	said := []string{"300 users", "3000 users", "within 1.5", "1200 members"}
	if runtime.GOOS == "linux" {
		said = append(said, "(under 250 MB: yes)")
	}
	for _, want := range append(said, strings.Split(measured, ",")...) {
		if !strings.Contains(out.String(), want) {
			t.Errorf("nothing is said of %s", want)
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
	asked := func(s *site) map[string]map[string]int {
		b, err := begin(t.Context(), s, []string{"--concurrency", "1"}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := b.cleanUp(); err != nil {
				t.Error(err)
			}
		}()
		counts := map[string]map[string]int{}
		for _, o := range operations {
			if o.group > 1 {
				continue
			}
			if err := b.enter(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			for _, again := range []string{"", " again"} { // the first page of a list finds all of its places
				s.proxy.ResetCounts()
				if err := o.scim(b.workers[0]); err != nil {
					t.Errorf("%s: %v", o.name, err)
				}
				counts[o.name+again] = s.proxy.Counts()
				delete(counts[o.name+again], "bind") // a connection more or less
			}
		}
		delete(counts, "list-by-index")
		delete(counts, "list-by-cursor")
		return counts
	}
	inFew, inMany := asked(few), asked(many)
	for what, counts := range inMany {
		if !reflect.DeepEqual(counts, inFew[what]) {
			t.Errorf("%s: %v among few, %v among many", what, inFew[what], counts)
		}
	}
}

// begin makes a run ready before a site. It is to be cleaned up.
func begin(ctx context.Context, s *site, arguments []string, log io.Writer) (*bench, error) {
	line, _, ok := parse(log, log, append(slices.Clone(s.arguments), arguments...))
	if !ok {
		return nil, fmt.Errorf("arguments %q", arguments)
	}
	b, err := newBench(line, log)
	if err != nil {
		return nil, err
	}
	if err := b.prepare(ctx); err != nil {
		return nil, errors.Join(err, b.cleanUp())
	}
	return b, nil
}

// scale measures, in turn, the same before both sites; then what it takes to list everybody, and to add many members at once.
func scale(ctx context.Context, out io.Writer, few, many *site, members int, arguments []string) (err error) {
	var runs []*bench
	for _, s := range []*site{few, many} {
		b, err := begin(ctx, s, arguments, os.Stderr)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, b.cleanUp()) }()
		runs = append(runs, b)
	}
	fmt.Fprintf(out, "\n%s\n", few.machine())
	for i, s := range []*site{few, many} {
		fmt.Fprintf(out, "%d users: slapadd took %v; the database takes %s in %s\n",
			runs[i].total-len(runs[i].workers)*usersEach, s.loading.Round(time.Second), size(s.data()), s.data())
	}
	var rows [2][]*row
	for _, concurrency := range runs[0].line.Concurrency {
		now := [2][]*row{runs[0].rows(concurrency), runs[1].rows(concurrency)}
		for round := range runs[0].line.Rounds {
			fmt.Fprintf(os.Stderr, "%d at a time, round %d of %d\n", concurrency, round+1, runs[0].line.Rounds)
			for i, b := range runs {
				if err := b.round(ctx, now[i]); err != nil {
					return err
				}
			}
		}
		for i := range rows {
			rows[i] = append(rows[i], now[i]...)
		}
	}
	if err := compare(out, rows[0], rows[1]); err != nil {
		return err
	}
	ids, err := everybody(ctx, out, many, runs[1])
	if err != nil {
		return err
	}
	return manyMembers(ctx, out, many, runs[1], ids[:min(members, len(ids))])
}

// compare prints what each operation costs among many users, over what it costs among few, and over what it costs in the directory alone.
func compare(out io.Writer, few, many []*row) error {
	fmt.Fprintf(out, "\n| operation | at a time | few: a second | many: a second | costs | in the directory alone | within %v |\n"+
		"|---|---|---|---|---|---|---|\n", growthGoal)
	for i, f := range few {
		m := many[i]
		if skipped := f.Skipped + m.Skipped; skipped != "" {
			fmt.Fprintf(out, "| %s | %d | %s |\n", f.Operation, f.Concurrency, skipped)
			continue
		}
		for _, row := range []*row{f, m} {
			for text, n := range row.Errors {
				return fmt.Errorf("%s: %d times %s", row.Operation, n, text)
			}
		}
		alone := "–"
		if direct := growth(f.floors, m.floors); direct > 0 {
			alone = fmt.Sprintf("%.2f", direct)
		}
		served := growth(f.rates, m.rates)
		fmt.Fprintf(out, "| %s | %d | %.0f | %.0f | %.2f | %s | %s |\n",
			f.Operation, f.Concurrency, f.Rate, m.Rate, served, alone, yes(served <= growthGoal))
	}
	return nil
}

// growth is the median of how much less often the same is done in the rounds among many.
func growth(few, many []float64) float64 {
	var ratios []float64
	for i := range min(len(few), len(many)) {
		ratios = append(ratios, few[i]/many[i])
	}
	return median(ratios)
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

// everybody lists all users by cursor, and returns the ids of those who were there before the run.
func everybody(ctx context.Context, out io.Writer, s *site, b *bench) (ids []string, err error) {
	s.forgetPeak()
	var took []time.Duration
	begun := time.Now()
	listed := 0
	for cursor, more := "", true; more; more = cursor != "" {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		var page list
		asked := time.Now()
		if err := b.client.ask(fasthttp.StatusOK, fasthttp.MethodGet, "/Users?count=1000&cursor="+cursor, "", &page); err != nil {
			return nil, err
		}
		took = append(took, time.Since(asked))
		for _, u := range page.Resources {
			if strings.HasPrefix(u.UserName, "user") {
				ids = append(ids, u.ID)
			}
		}
		listed += len(page.Resources)
		if cursor = page.NextCursor; listed > page.TotalResults {
			return nil, fmt.Errorf("the pages show %d users, the total is %d", listed, page.TotalResults)
		}
	}
	tenth := max(len(took)/10, 1)
	first, last := typical(took[min(1, len(took)-1):][:tenth]), typical(took[len(took)-tenth:])
	flat := last.Seconds() / first.Seconds()
	peak, octets := s.resident("VmHWM")
	fmt.Fprintf(out, "\n%d listed by cursor, 1000 a page, in %v. The first page took %v, the longest %v; "+
		"of the first tenth a page took %v, of the last %v, which is %.2f times (within %v: %s)\n"+
		"The bridge had %s at the most (under %d MB: %s)\n",
		listed, time.Since(begun).Round(time.Second), round(took[0]), round(slices.Max(took)), round(first), round(last),
		flat, growthGoal, yes(flat <= growthGoal), peak, listGoal/1_000_000, yes(octets > 0 && octets < listGoal))
	return ids, nil
}

func typical(took []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(took))[len(took)/2]
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// manyMembers adds members to one group by one PATCH, and to another by one modify.
func manyMembers(ctx context.Context, out io.Writer, s *site, b *bench, ids []string) error {
	var values, dns []string
	for _, id := range ids {
		values = append(values, fmt.Sprintf(`{"value":%q}`, id))
		found, err := b.workers[0].floor.find("entryUUID", id, 1)
		if err != nil {
			return err
		}
		dns = append(dns, found[0].DN)
	}
	operation := `{"op":"add","path":"members","value":[` + strings.Join(values, ",") + `]}`
	var served, direct []time.Duration
	for n := range 3 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var groups []resource
		for _, kind := range []string{"served", "direct"} {
			name := fmt.Sprintf("%s-%s-%d", b.name, kind, n)
			group, err := b.client.create(&b.made, asked{endpoint: "/Groups", attribute: "displayName", name: name},
				fmt.Sprintf(`"displayName":%q`, name))
			if err != nil {
				return err
			}
			groups = append(groups, group)
		}
		begun := time.Now()
		if err := b.client.patch(fasthttp.StatusNoContent, "/Groups/"+groups[0].ID, operation); err != nil {
			return err
		}
		served = append(served, time.Since(begun))
		change := ldap.NewModifyRequest(fmt.Sprintf("cn=%s-direct-%d,%s", b.name, n, s.server.Groups), nil)
		change.Add("member", dns)
		begun = time.Now()
		if err := b.workers[0].floor.conn.Modify(change); err != nil {
			return err
		}
		direct = append(direct, time.Since(begun))
	}
	ratio := typical(served).Seconds() / typical(direct).Seconds()
	_, err := fmt.Fprintf(out, "\nA PATCH with %d members took %v, the raw modify %v: %.1f times (under %d: %s)\n",
		len(ids), round(typical(served)), round(typical(direct)), ratio, membersGoal, yes(ratio < membersGoal))
	return err
}

// data is where slapd's database lies.
func (s *site) data() string { return filepath.Join(s.server.Folder(), "data") }

// size is what a folder takes on the disk, as du says it, for a database's file has holes.
func size(folder string) string {
	said, _ := exec.Command("du", "-sk", folder).Output()
	kilo, err := strconv.Atoi(strings.SplitN(string(said), "\t", 2)[0])
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%d MB", kilo<<10/1_000_000)
}
