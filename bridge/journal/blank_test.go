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
		// The same text elsewhere, and what a name says of by itself that it is secret.
		`{"nosuch":"hunter2","password":"hunter2","x":["hunter2","hunter"]}`: `{"nosuch":"(not shown)","password":"(not shown)",` +
			`"x":["(not shown)","hunter"]}`,
		`{"pin":1234,"a":"1234","b":1234,"c":12345}`:       `{"pin":"(not shown)","a":"(not shown)","b":"(not shown)","c":12345}`,
		`{"password":"","title":""}`:                       `{"password":"(not shown)","title":""}`,
		`{"password":{"value":["hunter2"]},"a":"hunter2"}`: `{"password":"(not shown)","a":"(not shown)"}`,
		`{"initialPassWort":"hunter2","passwordExpired":true,"userPwd":null,"secretary":"zoe"}`: `{"initialPassWort":"(not shown)",` +
			`"passwordExpired":true,"userPwd":null,"secretary":"zoe"}`,
		`{"urn:acme:passwordsync:2.0:User":{"ClientſECRETs":{"a":"hunter2"},"title":"hunter2"}}`: `{"urn:acme:passwordsync:2.0:User":` +
			`{"ClientſECRETs":"(not shown)","title":"(not shown)"}}`,
		`{"Operations":[{"path":"passwort","value":"hunter2"},{"path":"x[y eq \"hunter2\"]","value":"hunter2"}]}`: `{"Operations":[` +
			`{"path":"passwort","value":"(not shown)"},{"path":"x","value":"(not shown)"}]}`,
		`{"O":[{"path":"password[value eq \"hunter\\\"2\"]"},{"value":"hunter\"2"}]}`: `{"O":[{"path":"password"},` +
			`{"value":"(not shown)"}]}`,
		`{"password":"hunter2"`:  "", // nobody can read it
		`["password","hunter2"]`: "",
	} {
		if got := string(Blank([]byte(body), secrets)); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", body, got, want)
		}
	}
}
