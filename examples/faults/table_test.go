package faults_test

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// table is what was seen, by the row's name and the server's. It is kept in a file, of which the pages' tables are made.
type table struct {
	mu   sync.Mutex
	seen map[string]map[string]seen
}

var tableFile = filepath.Join("testdata", "seen.json")

func readTable(t *testing.T) *table {
	t.Helper()
	content, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	b := &table{}
	if err := json.Unmarshal(content, &b.seen); err != nil {
		t.Fatal(err)
	}
	return b
}

// of is what the table has of a row on a server. Of one that it has not, an answer may come as late as any.
func (b *table) of(f fault, server string) seen {
	b.mu.Lock()
	defer b.mu.Unlock()
	is, known := b.seen[f.name][server]
	if !known {
		for _, a := range is.requests() {
			a.Soon = len(soon) - 1
		}
	}
	return is
}

// hold fails the test unless a row was seen as the table has it, or sooner. A row that is to be learnt anew is to be taken out of the file.
func (b *table) hold(t *testing.T, f fault, server string, was seen) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	is, known := b.seen[f.name][server]
	const unheard = "ldap_operations_total none" // an operation on a connection whose end was not noticed yet may have been sent
	if known && !f.noticed && !slices.Contains(is.Metrics, unheard) {
		was.Metrics = slices.DeleteFunc(was.Metrics, func(name string) bool { return name == unheard })
	}
	for n, now := range was.requests() {
		if known {
			now.Soon = max(now.Soon, is.requests()[n].Soon)
		}
	}
	if *update {
		if b.seen[f.name] == nil {
			b.seen[f.name] = map[string]seen{}
		}
		b.seen[f.name][server] = was
		return
	}
	if diff := gocmp.Diff(is, was); diff != "" {
		t.Errorf("it is not as the table has it (-update writes it): (-table +seen)\n%s", diff)
	}
}

func (s *seen) requests() []*said { return []*said{&s.Read, &s.Write, &s.Disable} }

// write keeps the rows that there are.
func (b *table) write(t *testing.T) {
	t.Helper()
	for name := range b.seen {
		if !slices.ContainsFunc(rows, func(f fault) bool { return f.name == name }) {
			delete(b.seen, name)
		}
	}
	content, err := json.MarshalIndent(b.seen, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(tableFile, append(content, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		text, begin, end := p.read(t)
		if err := os.WriteFile(p.file, []byte(text[:begin]+p.rows(b)+text[end:]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFaultPages: the pages' tables are what was seen, and of each row something was on each of its servers.
func TestFaultPages(t *testing.T) {
	if *update {
		return
	}
	b := readTable(t)
	for _, p := range pages {
		text, begin, end := p.read(t)
		if diff := gocmp.Diff(p.rows(b), text[begin:end]); diff != "" {
			t.Errorf("%s (go test ./examples/faults -update writes it): (-seen +page)\n%s", p.file, diff)
		}
	}
	for _, f := range rows {
		for _, k := range kinds {
			if _, was := b.seen[f.name][k.name]; was != f.runsOn(k) {
				t.Errorf("%s on %s: in the table: %t", f.name, k.title, was)
			}
		}
	}
	if len(b.seen) != len(rows) {
		t.Errorf("the table has %d rows, and there are %d", len(b.seen), len(rows))
	}
}

// page is one that shows a table.
type page struct {
	file    string
	heading string
	rows    func(*table) string
}

var pages = []page{
	{
		filepath.Join("..", "..", "README.md"), "| fault | the client gets | the write | readiness | comes back |",
		func(b *table) string { return b.merged(seen.short) },
	},
	{
		"README.md", "| fault | a read | a write | a write that disables | breaker | readiness | metrics that tell |",
		func(b *table) string { return b.merged(seen.long) },
	},
	{"README.md", "| fault | OpenLDAP | 389 Directory Server | Samba AD DC |", func(*table) string { return places() }},
}

// read is the page's text, and where in it the table's rows begin and end.
func (p page) read(t *testing.T) (text string, begin, end int) {
	t.Helper()
	content, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	text = string(content)
	rule := strings.Repeat("|---", strings.Count(p.heading, "|")-1) + "|\n"
	before, rest, found := strings.Cut(text, p.heading+"\n"+rule)
	if !found {
		t.Fatalf("%s has no table with the heading %s", p.file, p.heading)
	}
	begin = len(before) + len(p.heading) + 1 + len(rule)
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		end += len(line)
	}
	return text, begin, begin + end
}

// merged are a row each of the faults, of cells that tell what was seen. What is not the same on all servers is said of each.
func (b *table) merged(row func(seen) []string) string {
	var text strings.Builder
	for _, f := range rows {
		var cells [][]string
		var of []kind
		for _, k := range kinds {
			if was, is := b.seen[f.name][k.name]; is {
				cells, of = append(cells, row(was)), append(of, k)
			}
		}
		if len(cells) == 0 {
			continue
		}
		merged := make([]string, len(cells[0]))
		for column := range merged {
			var parts []string
			for n := range cells {
				part := cells[n][column]
				if at := slices.IndexFunc(parts, func(p string) bool { return strings.HasSuffix(p, ": "+part) }); at >= 0 {
					parts[at] = strings.TrimSuffix(parts[at], ": "+part) + ", " + of[n].title + ": " + part
				} else {
					parts = append(parts, of[n].title+": "+part)
				}
			}
			merged[column] = strings.Join(parts, "; ")
			if len(parts) == 1 {
				merged[column] = cells[0][column]
			}
		}
		text.WriteString("| " + strings.Join(append([]string{f.title(of)}, merged...), " | ") + " |\n")
	}
	return text.String()
}

// title is the row's name, with the servers that it is for where it is not for all.
func (f fault) title(of []kind) string {
	if len(of) == len(kinds) {
		return f.name
	}
	var names []string
	for _, k := range of {
		names = append(names, k.title)
	}
	return f.name + " (" + strings.Join(names, ", ") + ")"
}

func (f fault) runsOn(k kind) bool { return f.not[k.name] == "" }

// places tells where each fault is tried, and why not elsewhere.
func places() string {
	var text strings.Builder
	for _, f := range rows {
		cells := []string{f.name}
		for _, k := range kinds {
			switch {
			case !f.runsOn(k):
				cells = append(cells, "no: "+f.not[k.name])
			case f.proxied[k.name]:
				cells = append(cells, "by the proxy")
			default:
				cells = append(cells, "yes")
			}
		}
		text.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return text.String()
}

// short is for who asks what to expect.
func (s seen) short() []string {
	gets := s.Read.text()
	if s.Write.text() != gets || s.Disable.text() != gets {
		gets = "read: " + s.Read.text() + "; write: " + s.Write.text()
		if s.Disable.text() != s.Write.text() {
			gets += "; one that disables: " + s.Disable.text()
		}
	}
	if s.Breaker == open && s.Disable.Soon > 0 {
		gets += "; then at once"
	}
	done := s.Write.done()
	if s.Disable.done() != done {
		done += "; one that disables: " + s.Disable.done()
	}
	return []string{gets, done, s.Readiness, "by itself, within 2 s"}
}

// long is for who looks closely.
func (s seen) long() []string {
	return []string{
		s.Read.text(), s.Write.text() + ": " + s.Write.done() + "; journal: " + cmp.Or(s.Write.Journal, "nothing"),
		s.Disable.text() + ": " + s.Disable.done() + "; journal: " + cmp.Or(s.Disable.Journal, "nothing"),
		s.Breaker, s.Readiness, strings.Join(s.Metrics, ", "),
	}
}

func (a said) text() string { return a.Answer + ", " + soon[a.Soon] }

func (a said) done() string {
	if a.Done {
		return "done"
	}
	return "not done"
}

// row is what was seen, in a line.
func row(name string, s seen) string {
	return "| " + strings.Join(append([]string{name}, s.long()...), " | ") + " |"
}
