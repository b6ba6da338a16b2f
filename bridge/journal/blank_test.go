package journal

import "testing"

func TestBlank(t *testing.T) {
	secrets := []string{"password", "pin"}
	for body, want := range map[string]string{
		`{"userName":"mara", "title":"cook"}`:                    `{"userName":"mara", "title":"cook"}`, // as it was sent
		`{"userName":"mara","Password":"hunter2"}`:               `{"userName":"mara","Password":"(not shown)"}`,
		`{"pass\u0077ord":"hunter2"}`:                            `{"password":"(not shown)"}`,
		`{"password":{"value":"hunter2"},"n":1.50,"b":null}`:     `{"password":"(not shown)","n":1.50,"b":null}`,
		`{"urn:x:User":{"pin":"hunter2","l":["a",true]}}`:        `{"urn:x:User":{"pin":"(not shown)","l":["a",true]}}`,
		`{"urn:x:2.0:User:password":"hunter2"}`:                  `{"urn:x:2.0:User:password":"(not shown)"}`,
		`{"Operations":[{"path":"PASSWORD","value":"hunter2"}]}`: `{"Operations":[{"path":"PASSWORD","value":"(not shown)"}]}`,
		`{"O":[{"value":["hunter2"],"path":"urn:x:User:pin"}]}`:  `{"O":[{"value":"(not shown)","path":"urn:x:User:pin"}]}`,
		`{"Operations":[{"op":"add","value":{"password":"hunter2","title":"c"}}]}`: `{"Operations":[{"op":"add","value":` +
			`{"password":"(not shown)","title":"c"}}]}`,
		`{"path":"emails[password eq \"hunter2\"].value","value":"x"}`: `{"path":"emails","value":"(not shown)"}`,
		// What the protocol takes for the name of a secret is one: strings.EqualFold has ſ for an s.
		`{"paſſword":"hunter2"}`: `{"paſſword":"(not shown)"}`,
		`{"Operations":[{"path":"urn:x:User:PAſſWORD","value":"hunter2"}]}`: `{"Operations":[{"path":"urn:x:User:PAſſWORD",` +
			`"value":"(not shown)"}]}`,
		`{"password":"hunter2"`:  "", // nobody can read it
		`["password","hunter2"]`: "",
	} {
		if got := string(Blank([]byte(body), secrets)); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
}
