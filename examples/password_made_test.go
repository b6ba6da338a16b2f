package examples_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/bridge/journal"
	"scimbridge/ldapmap/ldif"
)

// TestMadeOfPassword: an attribute whose value is made of the password is as secret as the password: in no plan, no log, no answer.
func TestMadeOfPassword(t *testing.T) {
	for expression, made := range map[string]string{
		`"x" + (password ?? "")`:                     "xHush-hush-",
		`let p = password; p == nil ? nil : "x" + p`: "xHush-hush-",
		`before(password, "#")`:                      "Hush-hush-",
	} {
		t.Run(expression, func(t *testing.T) {
			server := memory(t)
			const rule = "SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_25_"
			d := deploy(t, server, rule+"LDAP=description", rule+"VALUE="+expression)
			holds := func(id, password string) {
				t.Helper()
				if got, want := d.entry(t, id).Value("description"), strings.TrimSuffix(made, "Hush-hush-")+password; got != want {
					t.Errorf("description is %q, want %q", got, want)
				}
			}
			id := d.create(t, "/Users", `"userName":"mara@contoso.example","password":"Hush-hush-1"`)
			holds(id, "Hush-hush-1")
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
				operations(replace("password", `"Hush-hush-2"`), replace("title", `"Lead"`)))
			holds(id, "Hush-hush-2")
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id,
				operations(replace("userName", `"noor@contoso.example"`), replace("password", `"Hush-hush-3"`)))
			holds(id, "Hush-hush-3")
			d.want(t, http.StatusOK, http.MethodPatch, "/Users/"+id, operations(replace("title", `"Clerk"`)))
			holds(id, "Hush-hush-3")
			server.Mem.Fault(func(op, _ string) memdir.Fault {
				if op != "modify" {
					return memdir.Fault{}
				}
				return memdir.Fault{Code: 19, Text: "description: " + strings.TrimSuffix(made, "Hush-hush-") + "Hush-hush-4 is refused"}
			})
			_, answer := d.do(t, http.MethodPatch, "/Users/"+id, operations(replace("password", `"Hush-hush-4"`)))
			told := []string{answer}
			for _, plan := range d.taken() {
				var log bytes.Buffer
				receipt := ldif.NewReceipt(plan)
				for i, s := range plan.Steps {
					receipt.Steps[i] = ldif.StepReceipt{Sent: s.Change, State: ldif.Stands}
				}
				tell := journal.Log(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
				for _, receipt.Err = range []error{nil, errors.New("half done")} {
					tell(journal.Record{Receipt: receipt})
				}
				told = append(told, plan.String(), receipt.Undo("").String(), log.String())
				for _, s := range plan.Steps {
					if s.Inverse != nil {
						told = append(told, s.Inverse.String())
					}
				}
			}
			if all := strings.Join(told, "\n"); len(told) < 12 || strings.Contains(all, "Hush") {
				t.Errorf("the password shows:\n%s", all)
			}
		})
	}
}
