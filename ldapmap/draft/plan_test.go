package draft_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/draft"
	"scimbridge/ldapmap/ldif"
	"scimbridge/ldapmap/maptest"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

var update = flag.Bool("update", false, "write the plans into testdata")

// A plan file is a txtar archive: the `map` (YAML), the `entries` (LDIF; the first has the id 00000000-…, the next 00000001-…),
// and then writes with the `plan` that they come to, or the `fault`: `create Type`, `change Type N` (the attributes that change,
// null to clear), `delete Type N`, N the number of the entry. members are {"add": [N], "remove": [N]}. A plan's effects and
// inverses stand in it as comments. Each write starts from the entries. The first line of the comment may name the kind of
// server.
//
// Beyond the text each plan is held to what a directory promises: every step is allowed, the entry then shows the resource that
// was wanted, the inverses bring back what was there, and the request sent again completes a plan that stopped. The last is not asked of
// a write that says `once`: an entry that was named otherwise than by the map, and has the value that is to name it now, keeps its name.
func TestPlans(t *testing.T) {
	files, _ := filepath.Glob("testdata/plans/*.txtar")
	if len(files) == 0 {
		t.Fatal("no plans")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			kind := ldif.OpenLDAP
			if line, _, _ := strings.Cut(string(archive.Comment), "\n"); strings.HasPrefix(line, "server: ") {
				kind = ldif.ServerKind(strings.TrimPrefix(line, "server: "))
			}
			var written []txtar.File
			mapText, entries := "", ""
			for i, f := range archive.Files {
				words := strings.Fields(f.Name)
				switch words[0] {
				case "map":
					mapText = string(f.Data)
				case "entries":
					entries = string(f.Data)
				case "plan", "fault":
					continue
				default:
					want := txtar.File{Name: "plan"}
					if i+1 < len(archive.Files) {
						want = archive.Files[i+1]
					}
					name, got := planText(maptest.New(t, kind, mapText, entries), words, f.Data)
					if diff := cmp.Diff(string(want.Data), got); !*update && (diff != "" || want.Name != name) {
						t.Errorf("%s: %s (-want +got):\n%s", f.Name, name, diff)
					}
					written = append(written, f, txtar.File{Name: name, Data: []byte(got)})
					continue
				}
				written = append(written, f)
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(&txtar.Archive{Comment: archive.Comment, Files: written}), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// planText plans what a section of a plan file says.
func planText(w *maptest.World, words []string, body []byte) (name, text string) {
	t := w.Map.Type(words[1])
	var write draft.Write
	if words[0] != "create" {
		n := 0
		fmt.Sscan(words[2], &n)
		write.Entry = w.Entry(t, maptest.ID(n))
		write.Before = w.See(t, write.Entry)
		draft.TakeMembers(t, write.Before)
	}
	if words[0] != "delete" {
		write.After = scim.Resource{}
		if write.Before != nil {
			write.After = write.Before.Clone()
		}
		write.Members = merge(w.T, write.After, body)
	}
	write.Exactly = slices.Contains(words, "exactly")
	before, shown := w.Text(), write.Before.Clone()
	wanted := write.After.Clone()
	p, err := w.Plan(t, write, slices.Contains(words, "placeholder"))
	again, _ := w.Plan(t, write, slices.Contains(words, "placeholder"))
	if diff := cmp.Diff(p, again); diff != "" {
		w.T.Errorf("%v: the same write has two plans:\n%s", words, diff)
	}
	if diff := cmp.Diff(before, w.Text()); diff != "" {
		w.T.Errorf("%v: planning changes the entries:\n%s", words, diff)
	}
	if diff := cmp.Diff([]scim.Resource{shown, wanted}, []scim.Resource{write.Before, write.After}); diff != "" {
		w.T.Errorf("%v: planning changes the resource:\n%s", words, diff)
	}
	if err != nil {
		var fault *scim.Error
		if !errors.As(err, &fault) {
			w.T.Errorf("%v: %v is no scim.Error", words, err)
		}
		return "fault", err.Error() + "\n"
	}
	try(w, t, write, p, !slices.Contains(words, "lossy"))
	if write.Entry != nil && write.After != nil && !slices.Contains(words, "once") {
		sendAgain(w, t, write, body, p)
	}
	if p.Empty() != (len(p.Effects) == 0) {
		w.T.Errorf("%v: the effects are %q", words, p.Words())
	}
	effects := ""
	for _, e := range p.Effects {
		effects += "# " + e.String() + "\n"
	}
	return "plan", effects + planWithInverses(p)
}

func planWithInverses(p ldif.Plan) string {
	records := make([]string, len(p.Steps))
	for i, s := range p.Steps {
		records[i] = s.Change.String() + "# back: none\n"
		if s.Inverse != nil {
			back := strings.TrimSuffix(s.Inverse.String(), "\n")
			records[i] = s.Change.String() + "# back: " + strings.ReplaceAll(back, "\n", "\n#       ") + "\n"
		}
	}
	return strings.Join(records, "\n")
}

// try runs the plan, looks at what the entry shows then, and takes it all back.
func try(w *maptest.World, t *ldapmap.Type, write draft.Write, p ldif.Plan, exactly bool) {
	w.T.Helper()
	run := w.Clone()
	for _, s := range p.Steps {
		run.Apply(s.Change)
	}
	if write.After != nil && exactly {
		var e *ldif.Entry
		for _, candidate := range run.Entries {
			if write.Entry != nil && t.ID(candidate) == t.ID(write.Entry) ||
				write.Entry == nil && candidate.DN == p.Steps[len(p.Steps)-1].Change.DN {
				e = candidate
			}
		}
		shown, wanted := run.See(t, e), write.After.Clone()
		draft.TakeMembers(t, shown)
		for _, r := range []scim.Resource{shown, wanted} {
			delete(r, "id")
			delete(r, "meta")
			delete(r, "password")
			if r["active"] == nil && len(t.Active) > 0 {
				r["active"] = true
			}
			for _, v := range r { // a directory promises no order
				if list, ok := v.([]any); ok {
					slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
				}
			}
		}
		if diff := cmp.Diff(wanted, shown); diff != "" {
			w.T.Errorf("%s does not show what was written (-wanted +shown):\n%s\n%s", e.DN, diff, p)
		}
	}
	if slices.ContainsFunc(p.Steps, lasts) {
		return
	}
	takeBack(run, t, write, p)
	if diff := cmp.Diff(standing(w, p).Text(), run.Text()); diff != "" {
		w.T.Errorf("the inverses do not bring back what was there:\n%s\n%s", diff, planWithInverses(p))
	}
}

// sendAgain sends the request again wherever the plan may stop: what was left to do of its entry is done, but for the space at the end of a
// value, which is a mark, and for references to the entry itself: whoever takes a name that it had is scrubbed of those.
func sendAgain(w *maptest.World, t *ldapmap.Type, write draft.Write, body []byte, p ldif.Plan) {
	w.T.Helper()
	left := func(done *maptest.World) string {
		e := done.Entry(t, t.ID(write.Entry)).Clone()
		slices.SortFunc(e.Attributes, func(a, b ldif.Attribute) int { return strings.Compare(a.Name, b.Name) })
		text := e.DN
		for _, a := range e.Attributes {
			for _, v := range a.Values {
				if v != e.DN && v != write.Entry.DN {
					text += "\n" + strings.TrimRight(a.Name+": "+v, " ")
				}
			}
		}
		return text
	}
	whole, run := w.Clone(), w.Clone()
	for _, s := range p.Steps {
		whole.Apply(s.Change)
	}
	for stopped := 1; stopped < len(p.Steps); stopped++ {
		run.Apply(p.Steps[stopped-1].Change)
		rest := run.Clone()
		again := draft.Write{Entry: rest.Entry(t, t.ID(write.Entry))}
		again.Before = rest.See(t, again.Entry)
		draft.TakeMembers(t, again.Before)
		again.After = again.Before.Clone()
		again.Members = merge(w.T, again.After, body)
		again.Said = said(body)
		plan, err := rest.Plan(t, again, false)
		for _, s := range plan.Steps {
			rest.Apply(s.Change)
		}
		if diff := cmp.Diff(left(whole), left(rest)); err != nil || diff != "" {
			w.T.Errorf("sent again when %d steps were done: %v\n%s\n(-done at once +done again)\n%s\n%s", stopped, err, p, diff, plan)
		}
	}
}

// said is a request's body, which names an attribute where it holds that.
type said []byte

func (s said) Names(ref schema.Ref) bool { return bytes.Contains(s, []byte(`"`+ref.Attr.Name+`":`)) }
func (said) Whole(schema.Ref) bool       { return false }

// lasts says that nothing takes the step back, or its references, though it is not to stand whatever becomes of the rest.
func lasts(s ldif.Step) bool {
	return s.Inverse == nil && s.Keeps.ID == "" && (!s.Stays || s.Before == nil)
}

// standing is the world with what stands of the plan when the rest is taken back.
func standing(w *maptest.World, p ldif.Plan) *maptest.World {
	w = w.Clone()
	for _, s := range p.Steps {
		if s.Stays {
			w.Apply(s.Change)
		}
	}
	return w
}

// takeBack runs the inverses of a plan that was done, and puts right the references that it was to keep true.
func takeBack(run *maptest.World, t *ldapmap.Type, write draft.Write, p ldif.Plan) {
	run.T.Helper()
	d, err := draft.New(t, write)
	if err != nil {
		run.T.Fatal(err)
	}
	receipt := ldif.NewReceipt(p)
	receipt.Err = errors.New("it stopped")
	for i, s := range slices.Backward(p.Steps) {
		receipt.Steps[i] = ldif.StepReceipt{Sent: s.Change, State: ldif.Done}
		if s.Inverse != nil {
			receipt.Steps[i].State = ldif.TakenBack
			run.Apply(*s.Inverse)
		}
	}
	settle(run, d.Stopped(receipt))
}

// settle puts right what plans that stopped have left.
func settle(run *maptest.World, stopped draft.Aftermath) {
	run.T.Helper()
	for !stopped.Nothing() {
		seen := draft.Seen{Targets: run.Refs(stopped.Targets(), nil)}
		for _, search := range stopped.Referrers() {
			seen = seen.Told(search, run.Search(search.Search))
		}
		seen.Owners = run.Refs(stopped.Owners(seen))
		var amends ldif.Plan
		if amends, stopped = stopped.Amends(seen, false); amends.Empty() {
			return
		}
		for _, s := range amends.Steps {
			run.Apply(s.Change)
		}
	}
}

// merge puts the attributes of a JSON object into r: complex values and extensions attribute by attribute, null to clear.
func merge(t maptest.Failer, r scim.Resource, body []byte) draft.Members {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(body)))
	d.UseNumber()
	var changes map[string]any
	if err := d.Decode(&changes); err != nil {
		t.Fatal(err)
	}
	var members draft.Members
	if m, ok := changes["members"].(map[string]any); ok {
		for _, n := range asList(m["add"]) {
			members.Add = append(members.Add, asID(n).(string))
		}
		for _, n := range asList(m["remove"]) {
			members.Remove = append(members.Remove, asID(n).(string))
		}
		delete(changes, "members")
	}
	mergeInto(r, changes)
	return members
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

func asID(v any) any {
	if n, ok := v.(json.Number); ok {
		i, _ := n.Int64()
		return maptest.ID(int(i))
	}
	return v
}

func mergeInto(to, changes map[string]any) {
	for name, v := range changes {
		inner, _ := to[name].(map[string]any)
		switch v := v.(type) {
		case nil:
			delete(to, name)
		case map[string]any:
			if inner == nil {
				inner = map[string]any{}
			}
			mergeInto(inner, v)
			if to[name] = any(inner); len(inner) == 0 {
				delete(to, name)
			}
		default:
			if to[name] = v; name == "value" {
				to[name] = asID(v) // an id by the entry's number
			}
		}
	}
}
