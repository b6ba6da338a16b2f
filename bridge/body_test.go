package bridge

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"scimbridge/ldapmap"
	"scimbridge/ldapmap/compile"
	"scimbridge/scim"
)

// TestDroppedIsNamed: at debug the log names what the map does not know, and no value.
func TestDroppedIsNamed(t *testing.T) {
	compiled, err := compile.Compile([]compile.Options{{
		Type: "User", Base: compile.Bases{"ou=people"},
		ObjectClasses: []compile.ClassOptions{{Class: "inetOrgPerson"}}, DN: `"uid=" + rdn(userName) + "," + base`,
		Attributes: []compile.AttributeOptions{{SCIM: "userName", LDAP: "uid"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	typ := &ldapmap.Type{Name: "User", Resource: compiled.Type("User").Resource}
	for level, want := range map[slog.Level]string{
		slog.LevelInfo: "",
		slog.LevelDebug: `{"level":"DEBUG","msg":"dropped","request":"req-7","type":"User","attributes":["nickName","pets[…].age",` +
			`"emails[…"]}` + "\n" +
			`{"level":"DEBUG","msg":"dropped","request":"req-7","type":"User","attributes":["title","pets[…].age"]}` + "\n",
	} {
		var text bytes.Buffer
		b := &Bridge{log: slog.New(slog.NewJSONHandler(&text, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutTime}))}
		r := &request{Bridge: b, call: Call{RequestID: "req-7"}, typ: typ}
		sent, err := scim.Decode([]byte(`{"userName":"u","nickName":"secret","pets[name eq \"secret\"].age":7,"emails[secret":{}}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, n, err := r.resourceIn(sent); err != nil || n != 3 {
			t.Errorf("%d dropped, %v", n, err)
		}
		_, n, err := r.operationsIn("", []byte(`{"Operations":[
			{"op":"add","path":"title","value":"secret"},{"op":"replace","path":"pets[name eq \"secret\"].age","value":7},{"op":"remove",
			"path":"title"}]}`))
		if err != nil || n != 2 {
			t.Errorf("%d dropped, %v", n, err)
		}
		if _, n, err = r.operationsIn("", []byte(`{"Operations":[{"op":"add","path":"userName",`+
			`"value":"v"}]}`)); err != nil || n != 0 {
			t.Errorf("%d dropped, %v", n, err)
		}
		if got := text.String(); got != want || strings.Contains(got, "secret") {
			t.Errorf("%s logs\n%swant\n%s", level, got, want)
		}
	}
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
