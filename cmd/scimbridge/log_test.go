package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/memdir"
	"scimbridge/ldapmap/ldif"
)

// TestTheLogExplains: at info the log says of each write whom it was about, what became of it and why it was refused, and no secret.
func TestTheLogExplains(t *testing.T) {
	const maraDN, bossDN = "uid=mara,ou=people,dc=example,dc=org", "uid=boss,ou=people,dc=example,dc=org"
	named := func(attribute string) ldif.Attribute {
		return ldif.Attribute{Name: attribute, Values: []string{"boss"}}
	}
	ldap := company(t,
		entry("ou=groups,dc=example,dc=org", "organizationalUnit"),
		entry(bossDN, "inetOrgPerson", named("uid"), named("cn"), named("sn")))
	log, stop, ended := start(t, configuration(t, ldap.URL()), []string{
		"SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_3_SCIM=password", "SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_3_LDAP=userPassword",
		`SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_4_SCIM=emails[type eq "work"].value`, "SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_4_LDAP=mail",
		"SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_5_SCIM=title", "SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_5_LDAP=title",
		"SCIMBRIDGE_RESOURCES_0_TOMBSTONE=description",
		"SCIMBRIDGE_RESOURCES_1_TYPE=Group", "SCIMBRIDGE_RESOURCES_1_BASE=ou=groups,dc=example,dc=org",
		"SCIMBRIDGE_RESOURCES_1_OBJECTCLASSES=groupOfNames", `SCIMBRIDGE_RESOURCES_1_DN="cn=" + rdn(displayName) + "," + base`,
		"SCIMBRIDGE_RESOURCES_1_ATTRIBUTES_0_SCIM=displayName", "SCIMBRIDGE_RESOURCES_1_ATTRIBUTES_0_LDAP=cn",
		"SCIMBRIDGE_RESOURCES_1_MEMBERS_ATTRIBUTE=member", "SCIMBRIDGE_RESOURCES_1_MEMBERS_PLACEHOLDER=cn=nobody",
		"SCIMBRIDGE_RESOURCES_0_ACTIVE_0_BY=pwdAccountLockedTime",
		"SCIMBRIDGE_GUARD_PROTECTED_0=uid=boss,ou=people,dc=example,dc=org",
	})
	root, lines := listening(t, log)
	const unproven = `"code":"unproven-blocking"`
	doubts := 0

	// told are the log lines of a request, by their messages.
	told := func(method, path, body string, status int) map[string]map[string]any {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), method, root+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("ADSCIMVersion", "Date:2026-01-02, ActivityId:act-7")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != status {
			t.Fatalf("%s %s: %d %s %v", method, path, answer.StatusCode, content, err)
		}
		said := map[string]map[string]any{"answer": {"text": string(content)}}
		for line := range lines {
			if strings.Contains(line, "hunter2") || strings.Contains(line, token) {
				t.Errorf("a secret in %s", line)
			}
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatal(err)
			}
			message, _ := fields["msg"].(string)
			doubts += strings.Count(line, unproven)
			said[message] = fields
			if message == "request" {
				break
			}
		}
		return said
	}
	has := func(line map[string]any, want map[string]any) {
		t.Helper()
		for key, value := range want {
			text, isText := line[key].(string)
			if line[key] != value && !(isText && value != "" && strings.Contains(text, value.(string))) {
				t.Errorf("%s is %v, want %v, in %v", key, line[key], value, line)
			}
		}
	}
	user := func(name string) string {
		t.Helper()
		said := told("POST", "/Users", `{"userName":"`+name+`","password":"hunter2-hunter2"}`, 201)
		id, _ := said["request"]["id"].(string)
		if id == "" {
			t.Fatalf("no id of what was made: %v", said["request"])
		}
		has(said["request"], map[string]any{
			"dn": "uid=" + name + ",ou=people", "request": said["written"]["request"], "name": name, "type": "User", "operation": "create",
			"effects": "created uid=" + name + ",ou=people",
		})
		has(said["written"], map[string]any{"activity": "act-7"})
		has(said["written"], map[string]any{"client": "127.0.0.1", "caller": "token", "effects": "created uid=" + name + ",ou=people"})
		return id
	}
	operation := func(text string) string { return `{"Operations":[` + text + `]}` }
	mara := user("mara")
	var found struct{ Resources []struct{ ID string } }
	content, _ := told("GET", "/Users?filter=userName+eq+%22boss%22", "", 200)["answer"]["text"].(string)
	if err := json.Unmarshal([]byte(content), &found); err != nil || len(found.Resources) != 1 {
		t.Fatalf("%s: %v", content, err)
	}
	boss := found.Resources[0].ID

	has(told("POST", "/Users", `{"userName":"MARA","password":"hunter2"}`, 409)["request"], map[string]any{
		"reason": "uniqueness", "attribute": "userName", "detail": "taken by the User with id",
		"client": "127.0.0.1", "caller": "token", "id": nil, "name": "MARA",
	})
	has(told("POST", "/Users", `{"userName":"x","password":{"hunter2":["hunter2"]}}`, 400)["request"], map[string]any{"detail": "password"})
	has(told("PATCH", "/Users/"+mara, operation(`{"op":"replace","path":"password","value":{"hunter2":1}}`), 400)["request"],
		map[string]any{"id": mara, "attribute": "password", "detail": "password"})
	has(told("PATCH", "/Users/"+mara, operation(`{"op":"remove","path":"userName"}`), 400)["request"], map[string]any{
		"id": mara, "dn": maraDN, "reason": "mutability", "attribute": "userName", "detail": "userName", "effects": nil,
	})
	has(told("DELETE", "/Users/"+boss, "", 403)["request"], map[string]any{
		"id": boss, "dn": bossDN, "reason": "guarded", "detail": "protected", "name": "boss", "operation": "delete",
	})
	has(told("DELETE", "/Users/nobody", "", 404)["request"], map[string]any{"id": "nobody", "reason": "not-found", "detail": "no such"})
	has(told("PATCH", "/Nothing/7", `{}`, 404)["request"], map[string]any{"path": "/Nothing/7", "reason": "no-path"})

	refusing := func(name, _ string) memdir.Fault {
		if name != "modify" {
			return memdir.Fault{}
		}
		return memdir.Fault{Code: 19, Text: "title: value hunter2 not allowed"}
	}
	ldap.Fault(refusing)
	said := told("PATCH", "/Users/"+mara,
		operation(`{"op":"replace","value":{"title":"t","password":"hunter2"}}`), 400)
	ldap.Fault(nil)
	has(said["request"], map[string]any{"id": mara, "dn": maraDN, "attribute": "title", "detail": "refuses the value", "reason": "invalid"})
	has(said["refused"], map[string]any{
		"id": mara, "dn": maraDN, "client": "127.0.0.1", "effects": nil, "wanted": "changed " + maraDN + " (title)",
	})
	member := func(op, id string) string {
		return operation(`{"op":"` + op + `","path":"members","value":[{"value":"` + id + `"}]}`)
	}
	group, _ := told("POST", "/Groups", `{"displayName":"Night"}`, 201)["request"]["id"].(string)
	has(told("PATCH", "/Groups/"+group, member("add", mara), 204)["written"], map[string]any{
		"effects": "members added 1 cn=Night,ou=groups,dc=example,dc=org (" + maraDN + ")",
	})
	has(told("PATCH", "/Groups/"+group, member("add", "nobody"), 400)["request"], map[string]any{"attribute": "members"})
	has(told("PATCH", "/Groups/"+group, member("remove", mara), 204)["written"], map[string]any{"effects": "members removed 1 "})
	said = told("PATCH", "/Groups/"+group, member("remove", mara), 204)
	has(said["nothing to change"], map[string]any{"effects": nil, "wanted": "members removed 1 ", "id": group})
	has(said["written"], map[string]any{"msg": nil})
	has(told("PATCH", "/Users/"+mara, operation(`{"op":"replace","value":{"title":"cook"}}`), 200)["written"], map[string]any{
		"effects": "changed " + maraDN + " (title)",
	})

	for _, homeless := range []string{
		`{"op":"add","value":{"emails":[{"type":"home","value":"h"},{"type":"work","value":"w"}]}}`,
		`{"op":"replace","path":"emails[type eq \"home\"].value","value":"h"}`,
	} {
		has(told("PATCH", "/Users/"+mara, operation(homeless), 200)["request"], map[string]any{"dropped": 1.})
	}
	said = told("PATCH", "/Users/"+mara, operation(`{"op":"replace","value":{"userName":"maria","title":"x"}}`), 200)
	has(said["written"], map[string]any{
		"effects": "renamed " + maraDN + " to uid=maria,ou=people,dc=example,dc=org; changed uid=maria,ou=people", "id": mara,
	})
	has(told("POST", "/Bulk", operation(`{"method":"POST","path":"/Users","bulkId":"b7","data":{"userName":"maria","password":"hunter2"}}`),
		200)["bulk operation failed"], map[string]any{
		"level": "INFO", "method": "POST", "path": "/Users", "bulkId": "b7", "status": 409., "reason": "uniqueness", "detail": "taken by",
		"caller": "token", "client": "127.0.0.1", "attribute": "userName", "activity": "act-7",
	})
	said = told("POST", "/Bulk", operation(`{"method":"POST","path":"/Users","bulkId":"b8","data":{"userName":"noor"}},`+
		`{"method":"POST","path":"/Users","bulkId":"b9","data":{"userName":"maria"}}`), 200)
	has(said["written"], map[string]any{"bulkId": "b8", "effects": "created uid=noor"})
	has(said["bulk operation"], map[string]any{"bulkId": "b8", "status": 201., "dn": "uid=noor,ou=people,dc=example,dc=org"})
	has(said["request"], map[string]any{"failed": 1., "status": 200.})
	noor, _ := said["bulk operation"]["id"].(string)
	said = told("POST", "/Bulk", operation(`{"method":"DELETE","path":"/Users/`+noor+`"}`), 200)
	has(said["written"], map[string]any{"index": 0., "id": noor, "effects": "deleted uid=noor"})
	has(said["request"], map[string]any{"failed": nil})
	has(told("POST", "/Bulk", operation(`{"method":"DELETE","path":"/Users/`+boss+`"}`), 200)["bulk operation failed"], map[string]any{
		"path": boss, "status": 403., "dn": bossDN, "detail": "protected",
	})
	const kept = "0123456789abcdef0123456789abcdefmaria"
	has(told("PATCH", "/Users/"+mara, operation(`{"op":"replace","value":{"userName":"`+kept+`","active":false}}`), 200)["written"],
		map[string]any{"effects": "; soft-deleted uid=maria,ou=people,dc=example,dc=org (" + kept + ")"})
	// What a list is narrowed by is whom somebody looks for.
	for key, value := range told("GET", "/Users?filter=hunter2+eq+1", "", 400)["request"] {
		if key == "detail" {
			t.Errorf("the detail of a read: %v", value)
		}
	}
	told("POST", "/Users/.search", `{"filter":"hunter2 eq 1"}`, 400)
	for late := time.After(time.Minute); doubts == 0; { // the look at the directory may take as long as all this
		select {
		case line := <-lines:
			doubts += strings.Count(line, unproven)
		case <-late:
			t.Fatal("nothing says that blocking is not proven")
		}
	}
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
