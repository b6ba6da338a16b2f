package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"scimbridge/bridge/directory"
	"scimbridge/ldapmap/ldif"
)

// What stands in the log of one record, at each level.
func TestLog(t *testing.T) {
	plan := ldif.Plan{Steps: []ldif.Step{{Change: ldif.Change{Kind: ldif.Modify, DN: "uid=mara,dc=example", Mods: []ldif.Mod{
		{Op: ldif.ReplaceValues, Name: "userPassword", Values: []string{"hunter2"}}, {Op: ldif.AddValues, Name: "title", Values: []string{"cook"}},
	}}}}}
	half := &directory.HalfDone{Failed: plan.Steps[0].Change, Cause: errors.New("gone")}
	for _, c := range []struct {
		name  string
		err   error
		level slog.Level // of the line
		ldif  bool
	}{
		{"written", nil, slog.LevelDebug, true},
		{"refused", &directory.Error{Reason: directory.Invalid}, slog.LevelDebug, true},
		{"not confirmed", &directory.Error{Reason: directory.Unknown}, slog.LevelWarn, false},
		{"half done", &directory.Error{Reason: directory.Failed, Cause: half}, slog.LevelError, true},
	} {
		for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo} {
			var b bytes.Buffer
			Log(slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: level})))(Record{
				RequestID: "r-1", Caller: "entra", Operation: "patch", Type: "User", ID: "7", Plan: plan, Err: c.err,
			})
			line := b.String()
			if (line != "") != (c.level >= level) {
				t.Errorf("%s at %s: %q", c.name, level, line)
			}
			if line == "" {
				continue
			}
			var got map[string]any
			if err := json.Unmarshal(b.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			for key, want := range map[string]string{
				"level": c.level.String(), "msg": c.name, "request": "r-1", "caller": "entra", "operation": "patch", "type": "User", "id": "7",
			} {
				if got[key] != want {
					t.Errorf("%s: %s is %v in %s", c.name, key, got[key], line)
				}
			}
			if strings.Contains(line, "title: cook") != c.ldif || strings.Contains(line, "hunter2") {
				t.Errorf("%s: the LDIF of %s", c.name, line)
			}
		}
	}
}
