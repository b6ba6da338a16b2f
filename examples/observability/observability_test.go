package observability_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"scimbridge/bridge/directory/dirtest"
)

// promtool runs it, and says what it said.
func promtool(t *testing.T, arguments ...string) {
	t.Helper()
	if _, err := exec.LookPath("promtool"); err != nil {
		dirtest.LeaveOut(t, "Prometheus", "there is no promtool", "apt-get install prometheus")
	}
	if said, err := exec.CommandContext(t.Context(), "promtool", arguments...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(arguments, " "), err, said)
	}
}

// TestAlerts: the rules are sound, each fires where it should, and none where all is well.
func TestAlerts(t *testing.T) {
	promtool(t, "check", "config", "prometheus.yaml")
	promtool(t, "test", "rules", "alerts_test.yaml")
	var rules struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	var tests struct {
		Tests []struct {
			Rules []struct {
				Name   string `yaml:"alertname"`
				Alerts []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	for file, into := range map[string]any{"alerts.yaml": &rules, "alerts_test.yaml": &tests} {
		if err := yaml.Unmarshal(read(t, file), into); err != nil {
			t.Fatal(file, err)
		}
	}
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range tests.Tests {
		for _, r := range test.Rules {
			fires[r.Name] = fires[r.Name] || len(r.Alerts) > 0
			silent[r.Name] = silent[r.Name] || len(r.Alerts) == 0
		}
	}
	for _, r := range rules.Groups[0].Rules {
		if !fires[r.Alert] || !silent[r.Alert] {
			t.Errorf("%s: a test that it fires: %v, that it does not: %v", r.Alert, fires[r.Alert], silent[r.Alert])
		}
	}
	known(t, "alerts.yaml", string(read(t, "alerts.yaml")))
}

// TestDashboard: what it shows can be asked, and is there.
func TestDashboard(t *testing.T) {
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(read(t, "dashboard.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	type rule struct {
		Record string `yaml:"record"`
		Expr   string `yaml:"expr"`
	}
	var rules []rule
	for _, p := range dashboard.Panels {
		for _, target := range p.Targets {
			known(t, p.Title, target.Expr)
			expr := strings.NewReplacer("$__rate_interval", "5m", "$job", "scimbridge").Replace(target.Expr)
			rules = append(rules, rule{"panel", expr})
		}
	}
	if len(rules) < 12 {
		t.Errorf("%d expressions were looked at", len(rules))
	}
	text, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", "--lint=none", file)
}

var (
	aMetric = regexp.MustCompile(`\bscimbridge_[a-z_]+`)
	aPart   = regexp.MustCompile(`_(bucket|count|sum)$`)
)

// known holds the metrics in a text to those that the program has.
func known(t *testing.T, where, text string) {
	t.Helper()
	program := string(read(t, filepath.Join("..", "..", "cmd", "scimbridge", "testdata", "metrics.txt")))
	for _, name := range aMetric.FindAllString(text, -1) {
		if name = aPart.ReplaceAllString(name, ""); !strings.Contains(program, "# TYPE "+name+" ") {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
