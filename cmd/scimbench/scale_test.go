package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
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
	"scimbridge/ldapmap/ldif"
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
		missed, err := scale(b.Context(), os.Stdout, few, many, min(40_000, users), append([]string{
			"--operations", "query-hit,query-miss,get,create,patch,disable,member-of-10000", "--rounds", "3", "--duration", "1s",
		}, strings.Fields(os.Getenv("BENCH_ARGS"))...))
		if err != nil {
			b.Fatal(err)
		}
		for _, goal := range missed {
			b.Errorf("missed: %s", goal)
		}
	}
}

// TestScale: the measurement works, on few users, and what a request asks of the directory does not depend on how many there are.
func TestScale(t *testing.T) {
	few, many := serve(t, 300, true), serve(t, 3000, true)
	measured := "query-hit,query-miss,get,create,patch,disable,member-of-1,list-by-index,list-by-cursor,entra-cycle"
	var out strings.Builder
	missed, err := scale(t.Context(), &out, few, many, 1200, []string{
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
	if said := strings.Count(out.String(), "| no |") + strings.Count(out.String(), ": no)"); said != len(missed) {
		t.Errorf("%d goals are said to be missed, and of the benchmark these are: %q", said, missed)
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

// TestScaleList: a list that is not of all, each once, is no measurement; a goal that is missed is kept.
func TestScaleList(t *testing.T) {
	const first, second = `"Resources":[{"id":"1","userName":"user1"},{"id":"2","userName":"x"}]`, `"Resources":[{"id":"3"}]`
	for want, pages := range map[string][]string{
		"":                                       {`"totalResults":3,"nextCursor":"1",` + first, `"totalResults":3,` + second},
		"the pages show 2 users, the total is 3": {`"totalResults":3,` + first},
		"the pages show 3 users, the total is 2": {`"totalResults":2,"nextCursor":"1",` + first, `"totalResults":2,` + second},
		"the pages show 1 (user1) twice":         {`"totalResults":4,"nextCursor":"1",` + first, `"totalResults":4,` + first},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			page, _ := strconv.Atoi(r.URL.Query().Get("cursor"))
			fmt.Fprintf(w, "{%s}", pages[page])
		}))
		defer server.Close()
		token := filepath.Join(t.TempDir(), "token")
		if err := os.WriteFile(token, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := newClient(server.URL, token, nil)
		if err != nil {
			t.Fatal(err)
		}
		ids, err := new(goalsMissed).everybody(t.Context(), io.Discard, &site{pid: os.Getpid()}, &bench{client: c})
		if want == "" && (err != nil || !slices.Equal(ids, []string{"1"})) || want != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: %v %v", want, ids, err)
		}
	}
	var missed goalsMissed
	few := []*row{{Operation: "get", rates: []float64{15}}, {Operation: "create", rates: []float64{16}}}
	many := []*row{{Operation: "get", rates: []float64{10}}, {Operation: "create", rates: []float64{10}}}
	if err := missed.compare(io.Discard, few, many); err != nil || len(missed) != 1 || !strings.Contains(missed[0], "create") {
		t.Errorf("%v %q", err, missed)
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

// goalsMissed are those of a run that it missed.
type goalsMissed []string

// yes says whether a goal is met, and keeps one that is not.
func (m *goalsMissed) yes(is bool, goal string, values ...any) string {
	if is {
		return "yes"
	}
	*m = append(*m, fmt.Sprintf(goal, values...))
	return "no"
}

// scale measures, in turn, the same before both sites; then what it takes to list everybody, and to add many members at once.
func scale(ctx context.Context, out io.Writer, few, many *site, members int, arguments []string) (missed goalsMissed, err error) {
	var runs []*bench
	for _, s := range []*site{few, many} {
		b, err := begin(ctx, s, arguments, os.Stderr)
		if err != nil {
			return nil, err
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
					return nil, err
				}
			}
		}
		for i := range rows {
			rows[i] = append(rows[i], now[i]...)
		}
	}
	if err := missed.compare(out, rows[0], rows[1]); err != nil {
		return nil, err
	}
	ids, err := missed.everybody(ctx, out, many, runs[1])
	if err != nil {
		return nil, err
	}
	return missed, missed.manyMembers(ctx, out, many, runs[1], ids[:min(members, len(ids))])
}

// compare prints what each operation costs among many users, over what it costs among few, and over what it costs in the directory alone.
func (m *goalsMissed) compare(out io.Writer, few, many []*row) error {
	fmt.Fprintf(out, "\n| operation | at a time | few: a second | many: a second | costs | in the directory alone | within %v |\n"+
		"|---|---|---|---|---|---|---|\n", growthGoal)
	for i, f := range few {
		n := many[i]
		if skipped := f.Skipped + n.Skipped; skipped != "" {
			fmt.Fprintf(out, "| %s | %d | %s |\n", f.Operation, f.Concurrency, skipped)
			continue
		}
		for _, row := range []*row{f, n} {
			for text, times := range row.Errors {
				return fmt.Errorf("%s: %d times %s", row.Operation, times, text)
			}
		}
		alone := "–"
		if direct := growth(f.floors, n.floors); direct > 0 {
			alone = fmt.Sprintf("%.2f", direct)
		}
		served := growth(f.rates, n.rates)
		fmt.Fprintf(out, "| %s | %d | %.0f | %.0f | %.2f | %s | %s |\n",
			f.Operation, f.Concurrency, f.Rate, n.Rate, served, alone,
			m.yes(served <= growthGoal, "%s, %d at a time, costs %.2f times as much among many", f.Operation, f.Concurrency, served))
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

// everybody lists all users by cursor, each once, and returns the ids of those who were there before the run.
func (m *goalsMissed) everybody(ctx context.Context, out io.Writer, s *site, b *bench) (ids []string, err error) {
	s.forgetPeak()
	var took []time.Duration
	begun := time.Now()
	listed := map[string]bool{}
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
			if listed[u.ID] {
				return nil, fmt.Errorf("the pages show %s (%s) twice", u.ID, u.UserName)
			}
			if listed[u.ID] = true; strings.HasPrefix(u.UserName, "user") {
				ids = append(ids, u.ID)
			}
		}
		if cursor = page.NextCursor; cursor == "" && len(listed) != page.TotalResults {
			return nil, fmt.Errorf("the pages show %d users, the total is %d", len(listed), page.TotalResults)
		}
	}
	tenth := max(len(took)/10, 1)
	first, last := typical(took[min(1, len(took)-1):][:tenth]), typical(took[len(took)-tenth:])
	flat := last.Seconds() / first.Seconds()
	peak, octets := s.resident("VmHWM")
	within := "unknown"
	if octets > 0 {
		within = m.yes(octets < listGoal, "the list of all takes %s", peak)
	}
	fmt.Fprintf(out, "\n%d listed by cursor, 1000 a page, in %v. The first page took %v, the longest %v; "+
		"of the first tenth a page took %v, of the last %v, which is %.2f times (within %v: %s)\n"+
		"The bridge had %s at the most (under %d MB: %s)\n",
		len(listed), time.Since(begun).Round(time.Second), round(took[0]), round(slices.Max(took)), round(first), round(last),
		flat, growthGoal, m.yes(flat <= growthGoal, "the last pages take %.2f times as long as the first", flat),
		peak, listGoal/1_000_000, within)
	return ids, nil
}

func typical(took []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(took))[len(took)/2]
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }

// manyMembers adds members to one group by one PATCH, and to another by one modify.
func (m *goalsMissed) manyMembers(ctx context.Context, out io.Writer, s *site, b *bench, ids []string) error {
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
		for _, kind := range []string{"served", "direct"} {
			group, err := b.workers[0].floor.find("cn", fmt.Sprintf("%s-%s-%d", b.name, kind, n), 1)
			if err != nil {
				return err
			}
			in := map[string]bool{}
			for _, dn := range group[0].GetAttributeValues("member") {
				in[ldif.NormalDN(dn)] = true
			}
			for _, dn := range dns {
				if !in[ldif.NormalDN(dn)] {
					return fmt.Errorf("%s is not in %s, of %d members", dn, group[0].DN, len(in))
				}
			}
		}
	}
	ratio := typical(served).Seconds() / typical(direct).Seconds()
	_, err := fmt.Fprintf(out, "\nA PATCH with %d members took %v, the raw modify %v: %.1f times (under %d: %s)\n",
		len(ids), round(typical(served)), round(typical(direct)), ratio, membersGoal,
		m.yes(ratio < membersGoal, "a PATCH with %d members takes %.1f times the raw modify", len(ids), ratio))
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
