package examples_test

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"scimbridge/bridge/directory/dirtest"
	"scimbridge/ldapmap/ldif"
)

// columns are the servers of the README's table: what each is called there, and where its exchanges run.
var columns = []struct {
	title, server string
}{
	{"in memory", "memory"},
	{"OpenLDAP", "openldap"},
	{"OpenLDAP with overlays", "openldap"}, // TestExchangesBesideOverlays
	{"389 Directory Server", "389ds"},
	{"Active Directory (Samba)", "active-directory"},
}

// shown are the features that tests show, besides those of exchanges: the servers that the test runs on, by the columns' number (nil: all),
// and why it does not run on the others.
var shown = []struct {
	feature, test string
	columns       []int
	elsewhere     string
}{
	{"Found entries: a directory that was there before, linked by the first cycle (`match`)", "TestBrownfield", nil, ""},
	{
		"Found entries: what their classes forbid is named, or dropped (`onForbidden`)", "TestForbidden",
		[]int{0, 1, 2, 3},
		"Active Directory sees to classes itself",
	},
	{"Found entries: what the first cycle does is foretold from Entra's export (`preview`)", "TestPreview", nil, ""},
	{"Found entries: users with a place and a name of their own", "TestForeignUser", nil, ""},
	{"Groups: a deleted one is kept without members, and revived (`delete`)", "TestDeletedGroupIsKept", nil, ""},
	{"Groups: members by value (`memberUid`)", "TestMembersByValue", nil, ""},
	{
		"Groups: members by DN with a unique identifier behind it (`suffixes`)", "TestUniqueIdentifier",
		[]int{0, 1, 2, 3},
		"Active Directory has no such syntax",
	},
	{"Groups: more members than a server hands out at once", "TestLarge", nil, ""},
	{"Places: missing organizational units are made (`createParents`)", "TestMadePlaces", nil, ""},
	{"Places: nobody is renamed (`rename: never`)", "TestNeverRenamed", nil, ""},
	{"Places: several bases", "TestSeveralBases", nil, ""},
	{"Places: the blocked have one of their own", "TestBlockedPlace", nil, ""},
	{"Places: who is renamed and moved keeps id, groups and reports", "TestRenamedAndMoved", nil, ""},
	{"Protocol: of two changes of one version one is made (`If-Match`)", "TestIfMatchRace", nil, ""},
	{"Safety: entries outside the bases, and privileged groups, are left alone", "TestPrivilegedGroups", nil, ""},
	{"Safety: entries outside the bases, and privileged groups, are left alone", "TestOutsideTheBase", nil, ""},
	{"Safety: what a request would do is foreseen (`scimbridge explain`, `serve --dry-run`)", "TestForesight", nil, ""},
	{"The journal: what was changed outside the bridge is told (`scimbridge drift`)", "TestDrift", nil, ""},
	{"Setting up: the directory is held against the map (`scimbridge check`)", "TestCheckIsSilent", nil, ""},
	{
		"Setting up: a configuration, rights and indexes for a directory that is there (`scimbridge init`)", "TestInit",
		[]int{1, 3},
		"memory has no rights; what overlays do is not looked at",
	},
	{
		"Setting up: a configuration, rights and indexes for a directory that is there (`scimbridge init`)", "TestInitInADomain",
		[]int{4},
		"memory has no rights; what overlays do is not looked at",
	},
	{"The journal: what was done is undone (`scimbridge undo`)", "TestUndo", nil, ""},
	{"The journal: what was done is undone (`scimbridge undo`)", "TestUndoCycle", nil, ""},
	{"Users: a class for some of them alone, with what it allows (`objectClasses`, `when`)", "TestConditionalClass", nil, ""},
	{"Users: a deleted one is kept, blocked, and revived by a POST (`delete`)", "TestDeletedAndRevived", nil, ""},
	{"Users: a random password where the client sends none (`initial`)", "TestInitialPassword", nil, ""},
	{"Users: numbers of a range, each once (`allocate`)", "TestNumbers", nil, ""},
	{
		"Users: passwords by the operation for them (`by: password-modify`)", "TestPasswordByOperation",
		[]int{1, 3},
		"Active Directory has no such operation",
	},
	{
		"Users: passwords by the operation for them (`by: password-modify`)", "TestPasswordOperation",
		[]int{0, 2},
		"Active Directory has no such operation",
	},
	{"Users: their groups, direct and through groups", "TestGroupsOfUsers", nil, ""},
	{"Users: who is blocked loses attributes and groups, and gets values (`onBlock`)", "TestOnBlock", nil, ""},
	{"Users: who is disabled cannot bind, who is enabled can", "TestDisabledCannotBind", nil, ""},
	{"Values: certificates", "TestCertificates", nil, ""},
	{"Values: in a form of the directory's (`as`, `value` and `read`, `also`)", "TestForms", nil, ""},
	{"Values: one for two attributes (`shares`)", "TestShared", nil, ""},
	{"Values: which is the primary one (`prefix`)", "TestPrimaryKept", nil, ""},
}

const (
	matrixBegin = "<!-- what the exchanges show: go test ./examples -run TestMatrix -update -->\n"
	matrixEnd   = "<!-- end -->\n"
)

// reached are the columns of the servers that each test has configured a bridge for.
var reached struct {
	sync.Mutex
	by map[string][]int
}

func reaches(t testing.TB, server *dirtest.Server) {
	column := slices.Index([]ldif.ServerKind{"", ldif.OpenLDAP, "", ldif.DS389, ldif.ActiveDirectory}, server.Kind)
	switch {
	case server.Mem != nil:
		column = 0
	case server.KeepsMemberOf:
		column = 2
	}
	name, _, _ := strings.Cut(t.Name(), "/")
	reached.Lock()
	defer reached.Unlock()
	if reached.by == nil {
		reached.by = map[string][]int{}
	}
	reached.by[name] = append(reached.by[name], column)
}

// shownIsTrue holds shown to the tests that were run whole: each reached the servers that it is said to run on, of those that are there. Of
// a run of some tests, one that reached none was not run.
func shownIsTrue() error {
	var there []int
	for _, columns := range reached.by {
		there = append(there, columns...)
	}
	some := flag.Lookup("test.run").Value.String() + flag.Lookup("test.skip").Value.String()
	if strings.Contains(some, "/") {
		return nil
	}
	var faults []error
	for _, s := range shown {
		for i, column := range columns {
			said := s.columns == nil || slices.Contains(s.columns, i)
			got, run := reached.by[s.test]
			if (run || some == "") && said && slices.Contains(there, i) && !slices.Contains(got, i) {
				faults = append(faults, fmt.Errorf("%s does not run on %s, as the README's table has it", s.test, column.title))
			}
		}
	}
	return errors.Join(faults...)
}

// TestMatrix holds the README's table of features and servers to what the exchanges and tests run: each cell is run by one, or its reason
// is told.
func TestMatrix(t *testing.T) {
	table := matrix(t)
	const file = "README.md"
	readme, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, begins := strings.Cut(string(readme), matrixBegin)
	now, after, ends := strings.Cut(rest, matrixEnd)
	switch {
	case !begins || !ends:
		t.Fatal("the README has no table")
	case now == table:
	case *update:
		if err := os.WriteFile(file, []byte(before+matrixBegin+table+matrixEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the README's table is not what the exchanges run (-update writes it):\n%s", table)
	}
}

// cell is what is known of a feature on a server.
type cell struct {
	runs bool
	why  []string // something of it does not run there
}

func matrix(t *testing.T) string {
	features := map[string][]cell{}
	of := func(feature string) []cell {
		if features[feature] == nil {
			features[feature] = make([]cell, len(columns))
		}
		return features[feature]
	}
	tell := func(c *cell, why string) {
		if why != "" && !slices.Contains(c.why, why) {
			c.why = append(c.why, why)
		}
	}
	for _, file := range exchangeFiles(t) {
		x := readExchange(t, file, "")
		feature := x.says("feature")
		if feature == "" {
			t.Errorf("%s shows no feature", file)
			continue
		}
		cells := of(feature)
		for i, column := range columns {
			switch {
			case !x.runsOn(column.server):
				tell(&cells[i], x.says("elsewhere"))
			default:
				cells[i].runs = true
			}
		}
	}
	tests := testNames(t)
	for _, s := range shown {
		if !tests[s.test] {
			t.Errorf("there is no %s", s.test)
		}
		for i := range columns {
			if s.columns == nil || slices.Contains(s.columns, i) {
				of(s.feature)[i].runs = true
			}
		}
	}
	for _, s := range shown {
		for i := range columns {
			if c := &of(s.feature)[i]; !c.runs { // nor does another test of the feature run there
				tell(c, s.elsewhere)
			}
		}
	}
	var text strings.Builder
	text.WriteString("| |")
	for _, column := range columns {
		text.WriteString(" " + column.title + " |")
	}
	text.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	var notes []string
	for _, feature := range sorted(features) {
		text.WriteString("| " + feature + " |")
		for i, c := range features[feature] {
			if !c.runs && len(c.why) == 0 {
				t.Errorf("%s: nothing shows it on %s, and no `elsewhere` says why", feature, columns[i].title)
			}
			mark := "–"
			if c.runs {
				mark = "✓"
			}
			for _, why := range c.why {
				if !slices.Contains(notes, why) {
					notes = append(notes, why)
				}
				mark += fmt.Sprintf(" (%d)", slices.Index(notes, why)+1)
			}
			text.WriteString(" " + mark + " |")
		}
		text.WriteString("\n")
	}
	text.WriteString("\n")
	for i, note := range notes {
		fmt.Fprintf(&text, "(%d) %s.  \n", i+1, strings.ToUpper(note[:1])+note[1:])
	}
	return text.String()
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// testNames are the tests of this folder.
func testNames(t *testing.T) map[string]bool {
	names := map[string]bool{}
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(gotoken.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}
