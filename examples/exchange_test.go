package examples_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

var update = flag.Bool("update", false, "write what the servers did into the exchange files")

// An exchange file is a txtar archive: what it shows, and then for each step a `request` (method, path, header lines, an empty line, body),
// the `plan` that it causes as LDIF (absent: none), and the `answer` (status, an empty line, body). Where a server differs its sections
// bear its name behind an @: `plan@active-directory`. Every file starts from start.ldif, or its product's own. {mara} stands for the id of
// the account mara@…, {night-shift} for that of the group Night Shift; a section `more.yaml` ahead of the first request goes behind the
// example's configuration, and the lines of a section `env` there are variables over it.
//
// Lines of the comment say what else there is to know: `feature: …` which row of the README's table the file shows; `servers: memory
// openldap` keeps it to some servers, and `elsewhere: …` says why, unless another file shows the same there.
//
// In memory each request is foreseen before it is sent, and held to that: what is sent for it, and the answer.
//
// The files in exchanges run against the example for the server's product, those in an example's own folder against that example.
func TestExchanges(t *testing.T) {
	if !*update {
		t.Parallel()
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			if !*update { // one after another: each server's answers go into the files beside those of the one before
				t.Parallel()
			}
			if s.name == "389ds" { // to start it takes longer than most exchanges do
				s = s.reused(t)
			}
			for _, file := range exchangeFiles(t) {
				t.Run(exchangeName(file), func(t *testing.T) {
					if !*update && s.name != "active-directory" { // names are its whole domain's
						t.Parallel()
					}
					x := readExchange(t, file, s.name)
					if !x.runsOn(s.name) {
						return
					}
					server := x.start(t, s)
					if s.name == "memory" {
						x.foretell(t, server)
					}
					x.run(t, server)
				})
			}
		})
	}
}

// reused is a server that the tests below t have one after the other, each as if it were new.
func (s namedServer) reused(t *testing.T) namedServer {
	const many = 100
	idle := make(chan *dirtest.Server, many)
	return namedServer{s.name, func(user testing.TB) *dirtest.Server {
		var server *dirtest.Server
		select {
		case server = <-idle:
		default:
			server = s.start(t)
		}
		fresh := server.Entries(user, server.Base)
		user.Cleanup(func() {
			conn := server.Connect(user)
			left := server.Entries(user, server.Base, "1.1")
			slices.SortFunc(left, func(a, b *ldif.Entry) int { return len(b.DN) - len(a.DN) }) // what is below an entry first
			for _, e := range left {
				if !slices.ContainsFunc(fresh, func(f *ldif.Entry) bool { return f.DN == e.DN }) {
					if err := conn.Del(ldap.NewDelRequest(e.DN, nil)); err != nil {
						user.Errorf("%s: %v", e.DN, err)
					}
				}
			}
			if diff := cmp.Diff(fresh, server.Entries(user, server.Base)); diff != "" {
				user.Errorf("what is left for the next: -fresh +left\n%s", diff)
			}
			idle <- server
		})
		return server
	}}
}

func exchangeFiles(t testing.TB) []string {
	var files []string
	for _, pattern := range []string{"exchanges/*.txtar", "*/exchanges/*.txtar"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	return files
}

// exchangeName is `rename-user`, or `openldap-posix/rename-user` of an example's own.
func exchangeName(file string) string {
	return strings.TrimSuffix(strings.Replace(filepath.ToSlash(file), "exchanges/", "", 1), ".txtar")
}

type exchange struct {
	file      string
	folder    string // the example whose own it is; "": it is for every product's
	server    string
	archive   *txtar.Archive
	d         *deployment
	names     map[string]string                                                                                       // id -> name
	foretells func(method, target, body string, header []string) (check func(receipts []ldif.Receipt, answer string)) // nil: nothing does

	stored []string // variables that name a store; none: there is none
	text   []byte   // the configuration, once it runs
	env    []string // over it
}

func readExchange(t testing.TB, file, server string) *exchange {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	folder, _, _ := strings.Cut(filepath.ToSlash(file), "exchanges/")
	return &exchange{file: file, folder: strings.Trim(folder, "/"), server: server, archive: archive, names: map[string]string{}}
}

// says is what the comment says of a kind: `servers`, `feature`, `elsewhere`; "": nothing.
func (x *exchange) says(kind string) string {
	for line := range strings.Lines(string(x.archive.Comment)) {
		if text, found := strings.CutPrefix(line, kind+": "); found {
			return strings.TrimSpace(text)
		}
	}
	return ""
}

func (x *exchange) runsOn(server string) bool {
	only := x.says("servers")
	return only == "" || slices.Contains(strings.Fields(only), server)
}

// start starts the server as the exchange's example has it.
func (x *exchange) start(t testing.TB, s namedServer) *dirtest.Server {
	if start := ownServers[x.folder][s.name]; start != nil {
		return start(t)
	}
	return s.start(t)
}

// its is the example.
func (x *exchange) its(server *dirtest.Server) product {
	its := productOf(server)
	if x.folder == "" {
		its.start = filepath.Join("exchanges", its.start)
		return basedIn(its, server)
	}
	its.folder, its.env, its.start = x.folder, nil, filepath.Join(x.folder, "exchanges", "start.ldif")
	if own := filepath.Join(x.folder, "exchanges", "start."+x.server+".ldif"); exists(own) {
		its.start = own
	}
	return its
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func (x *exchange) run(t *testing.T, server *dirtest.Server) {
	its := x.its(server)
	x.load(t, server, its.start)
	var result []txtar.File
	changed := false
	more := ""
	var env []string
	for ; !strings.HasPrefix(x.archive.Files[0].Name, "request"); x.archive.Files = x.archive.Files[1:] {
		first := x.archive.Files[0]
		if result = append(result, first); first.Name == "env" {
			env = strings.Split(strings.TrimSpace(string(first.Data)), "\n")
			continue
		}
		more = string(first.Data)
	}
	env = append(env, x.stored...)
	x.text, x.env = configured(t, server, its, more, env...)
	x.d = deployAs(t, server, its, more, env...)
	for i := 0; i < len(x.archive.Files); {
		step := x.archive.Files[i : i+1]
		for i++; i < len(x.archive.Files) && !strings.HasPrefix(x.archive.Files[i].Name, "request"); i++ {
			step = x.archive.Files[i-len(step) : i+1]
		}
		plan, answer := x.step(t, pick(step, "request", x.server))
		if *update {
			written := x.written(step, plan, answer)
			changed = changed || !sameFiles(written, step)
			result = append(result, written...)
			continue
		}
		name := step[0].Name
		if diff := cmp.Diff(pick(step, "plan", x.server), plan); diff != "" {
			t.Errorf("%s: plan (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(pick(step, "answer", x.server), answer); diff != "" {
			t.Errorf("%s: answer (-want +got):\n%s", name, diff)
		}
		if t.Failed() {
			return
		}
	}
	if changed {
		archive := &txtar.Archive{Comment: x.archive.Comment, Files: result}
		if err := os.WriteFile(x.file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// kinds of section: `request create` is a request, `plan@active-directory` a plan of that server.
func section(name string) (kind, server string) {
	kind, _, _ = strings.Cut(name, " ")
	kind, server, _ = strings.Cut(kind, "@")
	return kind, server
}

// pick is the section of a kind, the server's own before everyone's.
func pick(step []txtar.File, kind, server string) string {
	text := ""
	for _, f := range step {
		k, s := section(f.Name)
		if k == kind && s == server {
			return string(f.Data)
		}
		if k == kind && s == "" {
			text = string(f.Data)
		}
	}
	return text
}

// written puts what happened into the step's sections: memory's is everyone's, another server's stands beside it where it differs.
func (x *exchange) written(step []txtar.File, plan, answer string) []txtar.File {
	var result []txtar.File
	for _, f := range step {
		if k, _ := section(f.Name); k == "request" {
			result = append(result, f)
		}
	}
	for _, got := range []txtar.File{{Name: "plan", Data: []byte(plan)}, {Name: "answer", Data: []byte(answer)}} {
		for _, s := range servers {
			text := got.Data
			name := got.Name + "@" + s.name
			if s.name == "memory" {
				name = got.Name
			}
			own := slices.ContainsFunc(step, func(f txtar.File) bool { return f.Name == name })
			if s.name != x.server {
				if !own {
					continue
				}
				text = []byte(pick(step, got.Name, s.name))
			} else if s.name != "memory" && string(text) == pick(step, got.Name, "memory") {
				continue
			}
			if len(text) > 0 || own && s.name != x.server {
				result = append(result, txtar.File{Name: name, Data: text})
			} else if s.name != "memory" && s.name == x.server {
				result = append(result, txtar.File{Name: name})
			}
		}
	}
	return result
}

func sameFiles(a, b []txtar.File) bool {
	return slices.EqualFunc(a, b, func(x, y txtar.File) bool { return x.Name == y.Name && bytes.Equal(x.Data, y.Data) })
}

// load fills the directory with what every exchange begins with, and learns the ids.
func (x *exchange) load(t *testing.T, server *dirtest.Server, start string) {
	content, err := os.ReadFile(start)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(content), suffix, server.Base)
	server.Load(t, text)
	entries, err := ldif.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Value("userPrincipalName")
		if name == "" {
			name = e.Value("uid")
		}
		if name == "" {
			name = e.Value("cn")
		}
		x.know(idOf(t, server, e.DN), name)
	}
}

// know gives an id a name that does not depend on the server.
func (x *exchange) know(id, name string) {
	if _, known := x.names[id]; known || id == "" || name == "" {
		return
	}
	name, _, _ = strings.Cut(name, "@")
	name = strings.ReplaceAll(strings.ToLower(name), " ", "-")
	free := name
	for n := 2; slices.Contains(mapValues(x.names), free); n++ {
		free = fmt.Sprintf("%s-%d", name, n)
	}
	x.names[id] = free
}

func mapValues(m map[string]string) []string {
	var values []string
	for _, v := range m {
		values = append(values, v)
	}
	return values
}

// step sends a request and returns the plans that it caused and the answer, both in terms that do not depend on the server.
func (x *exchange) step(t *testing.T, request string) (plan, answer string) {
	for id, name := range x.names {
		request = strings.ReplaceAll(request, "{"+name+"}", id)
	}
	head, body, _ := strings.Cut(request, "\n\n")
	lines := strings.Split(strings.TrimSpace(head), "\n")
	method, target, _ := strings.Cut(lines[0], " ")
	check := func([]ldif.Receipt, string) {}
	if x.foretells != nil {
		check = x.foretells(method, target, body, lines[1:])
	}
	response, content := x.d.do(t, method, target, body, lines[1:]...)
	x.learn(content)
	var plans []string
	receipts := x.d.received()
	for _, r := range receipts {
		plans = append(plans, r.Plan.String())
	}
	check(receipts, pretty(response, content))
	return sortMembers(x.neutral(strings.Join(plans, "\n"))), sortMembers(x.neutral(pretty(response, content)))
}

const member = `\{\n +"(?:\$ref|display)": .*\n(?: +".*\n)* +\}`

// A group's members have no order: a run of them is sorted, in LDIF and in JSON.
var memberRuns = regexp.MustCompile(`(?m)(^(member: .*)\n)+|^( +)` + member + `(,\n +` + member + `)+`)

func sortMembers(text string) string {
	return memberRuns.ReplaceAllStringFunc(text, func(run string) string {
		if strings.HasPrefix(run, "member") {
			lines := strings.SplitAfter(strings.TrimSuffix(run, "\n"), "\n")
			lines[len(lines)-1] += "\n"
			slices.Sort(lines)
			return strings.Join(lines, "")
		}
		indent, rest, _ := strings.Cut(run, "{")
		members := strings.Split("{"+rest, ",\n"+indent+"{")
		for i := range members[1:] {
			members[i+1] = "{" + members[i+1]
		}
		slices.Sort(members)
		return indent + strings.Join(members, ",\n"+indent)
	})
}

// learn names the resources that an answer shows, those that a bulk request made by their bulkIds.
func (x *exchange) learn(content string) {
	var shown struct {
		ID, UserName, DisplayName string
		Operations                []struct{ Method, Location, BulkID string }
	}
	if json.Unmarshal([]byte(content), &shown) == nil && shown.ID != "" {
		name := shown.UserName
		if name == "" {
			name = shown.DisplayName
		}
		x.know(shown.ID, name)
	}
	for _, made := range shown.Operations {
		if made.Method == http.MethodPost && made.Location != "" {
			x.know(path.Base(made.Location), made.BulkID)
		}
	}
}

func pretty(response *http.Response, content string) string {
	return written(response.StatusCode, response.Header, content)
}

// written is an answer as the files have it.
func written(status int, header http.Header, content string) string {
	text := fmt.Sprintln(status)
	for _, name := range []string{"Location", "WWW-Authenticate", "Allow"} {
		if value := header.Get(name); value != "" {
			text += name + ": " + value + "\n"
		}
	}
	if content == "" {
		return text
	}
	var indented bytes.Buffer
	if json.Indent(&indented, []byte(content), "", "  ") == nil {
		content = indented.String()
	}
	return text + "\n" + content + "\n"
}

var volatile = []struct{ pattern, text string }{
	{`"(created|lastModified)": "[^"]*"`, `"$1": "*"`},
	{`"version": "[^"]*\\"[^"]*\\"`, `"version": "*`},
	{`(?m)^(# if .*)version=\S+`, `${1}version=*`},
	{`(?m)^# ([\w-]+: .*)\n[\w-]+:: \S+$`, "$1"}, // what LDIF must write in base64, as it reads
	{`http://127\.0\.0\.1:\d+`, `http://scim`},
}

// neutral replaces what a server made up: ids, versions, times, the address and the place where the test stands.
func (x *exchange) neutral(text string) string {
	for id, name := range x.names {
		text = strings.ReplaceAll(text, id, "{"+name+"}")
	}
	for _, v := range volatile {
		text = regexp.MustCompile(v.pattern).ReplaceAllString(text, v.text)
	}
	return strings.ReplaceAll(text, x.d.server.Base, suffix)
}
