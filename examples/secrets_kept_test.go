package examples_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// keptSecrets has a row for each secret that comes to where something is kept, or told on: the store, a receiver, an operator's commands.
var keptSecrets = []secret{
	{
		what: "a password of users who are made, changed, held and undone",
		env: func(w *watched, _ string) []string {
			return []string{
				"SCIMBRIDGE_STORE_FILE=" + filepath.Join(w.TempDir(), "store.db"), "SCIMBRIDGE_GUARD_LIMITS_0_EFFECT=blocked",
				"SCIMBRIDGE_GUARD_LIMITS_0_TYPE=User", "SCIMBRIDGE_GUARD_LIMITS_0_MOST=1", "SCIMBRIDGE_GUARD_LIMITS_0_WITHIN=1h",
			}
		},
		use: func(w *watched, value string) {
			for n, held := range []bool{false, true} {
				name := fmt.Sprintf("kept%d", n)
				made := w.ask("POST", "/Users", resource("/Users", fmt.Sprintf(
					`"userName":%q,"name":{"familyName":"F"},"displayName":%[1]q,"active":true,"password":%q`, name, value)))
				var user struct{ ID string }
				if err := json.Unmarshal([]byte(made), &user); err != nil || user.ID == "" {
					w.Fatalf("no user is made: %s", made)
				}
				password := `{"op":"replace","path":"password","value":"` + value + `"}`
				w.ask("PATCH", "/Users/"+user.ID, operations(password))
				answer := w.ask("PATCH", "/Users/"+user.ID, operations(password, `{"op":"replace","path":"active","value":false}`))
				if held != strings.Contains(answer, "hold") {
					w.Errorf("held %t: %s", held, answer)
				}
			}
		},
	},
	{
		what: "the key of a webhook that is taken, and a token in its URL",
		value: func(*watched) string {
			return "whsec_" + base64.StdEncoding.EncodeToString([]byte(rand.Text()+rand.Text()))
		},
		env: func(w *watched, value string) []string {
			const place = "a token in the URL of a webhook that is taken"
			w.planted[place] = "Plant-" + rand.Text() + "-9a"
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				fmt.Fprintf(&w.said, "the receiver is told %v\n%s\n", r.Header, body)
			}))
			w.Cleanup(receiver.Close)
			return []string{
				"SCIMBRIDGE_WEBHOOK_KEYFILE=" + w.file(value), "SCIMBRIDGE_WEBHOOK_URL=" + receiver.URL + "/" + w.planted[place],
				"SCIMBRIDGE_WEBHOOK_EVENTS=created,changed,blocked,deleted,passwordSet,refused,held",
			}
		},
		use: func(w *watched, _ string) {
			for _, told := range []string{`"resource.written"`, `"resource.refused"`, `"hold.opened"`} {
				w.awaits(told)
			}
		},
	},
	{
		what:  "a token of the store",
		value: func(*watched) string { return "scimbridge_none" }, // it is made once the program serves
		use: func(w *watched, _ string) {
			var made struct{ Token string }
			text, err := w.program("token", "new", "stored", "--role", "reader", "--json").CombinedOutput()
			if err == nil {
				err = json.Unmarshal(text, &made)
			}
			if err != nil || made.Token == "" {
				w.Fatalf("no token is made: %v: %s", err, text)
			}
			w.planted["a token of the store"] = made.Token
			for _, header := range []string{"Bearer " + made.Token, "Bearer " + made.Token + "x", "Basic " + made.Token} {
				w.ask("GET", "/Users", "", "Authorization: "+header)
				w.ask("POST", "/Users", "{}", "Authorization: "+header)
			}
			w.commands([]string{"token", "revoke", made.Token + "x"})
			w.ask("GET", "/Users", "", "Authorization: Bearer "+made.Token)
		},
	},
	{
		what: "a bind password that the directory repeats", apart: true,
		env: func(w *watched, value string) []string {
			return []string{
				"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD=", "SCIMBRIDGE_DIRECTORY_BIND_PASSWORDFILE=" + w.file(value),
				"SCIMBRIDGE_DIRECTORY_URLS=" + repeatsPasswords(w),
			}
		},
		use: func(w *watched, _ string) {
			w.ask("GET", "/Users", "")
			w.ask("POST", "/Users", resource("/Users", `"userName":"nobody"`))
			w.ask("GET", "/../../readyz", "")
			w.awaits("Invalid Credentials")
		},
	},
}

// repeatsPasswords starts a directory that refuses each bind, and says which password was wrong.
func repeatsPasswords(w *watched) (url string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for {
					packet, err := ber.ReadPacket(conn)
					if err != nil || len(packet.Children) < 2 || packet.Children[1].Tag != ldap.ApplicationBindRequest {
						return
					}
					answer := ber.NewSequence("")
					answer.AppendChild(packet.Children[0])
					result := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationBindResponse, nil, "")
					result.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated,
						int64(ldap.LDAPResultInvalidCredentials), ""))
					for _, text := range []string{"", "the password " + packet.Children[1].Children[2].Data.String() + " is wrong"} {
						result.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, text, ""))
					}
					answer.AppendChild(result)
					if _, err := conn.Write(answer.Bytes()); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "ldap://" + listener.Addr().String()
}

// program is a command of it beside the one that serves.
func (w *watched) program(arguments ...string) *exec.Cmd {
	c := exec.CommandContext(w.Context(), w.binary, append(slices.Clone(arguments), "--config", w.config)...)
	c.Env = append(append(os.Environ(), w.env...), "SCIMBRIDGE_LOG_FORMAT=json", "SCIMBRIDGE_LOG_LEVEL=debug")
	return c
}

// commands runs them, and reads what they say, which it returns too.
func (w *watched) commands(lines ...[]string) (all string) {
	for _, line := range lines {
		c := w.program(line...)
		said, _ := c.CombinedOutput() // some fail, and say why
		fmt.Fprintf(&w.said, "scimbridge %s:\n%s\n", strings.Join(line[:2], " "), said)
		all += string(said)
	}
	return all
}

// tells has an operator's commands tell all that is kept, in each form that they have.
func (w *watched) tells() {
	var records []string
	list := w.commands([]string{"journal", "list", "--limit", "1000", "--json"})
	for line := range strings.Lines(list) {
		var record struct{ Record string }
		if err := json.Unmarshal([]byte(line), &record); err != nil || record.Record == "" {
			w.Errorf("no record: %v: %s", err, line)
		}
		records = append(records, record.Record)
	}
	shown := w.commands(append([]string{"journal", "show"}, records...), append([]string{"journal", "show", "--json"}, records...))
	for _, want := range []string{"changetype: add", blanked(w.server), "(not shown)", `"unauthenticated"`} {
		if !strings.Contains(shown, want) {
			w.Errorf("journal show does not show %q", want)
		}
	}
	for want, line := range map[string]string{
		"kept0":                 "journal list",
		"time,record,":          "journal list --csv",
		"changetype: modify":    "journal export",
		",body,before":          "journal export --csv",
		`"record"`:              "journal export --json",
		"sound":                 "journal verify --json",
		"kept1":                 "journal forget kept1",
		`"erased"`:              "journal forget kept1 --json",
		"blocked":               "hold list --all",
		`"effect": "blocked"`:   "hold list --all --json",
		`"by"`:                  "hold approve 1 --count 1 --json",
		"stored":                "token list --all",
		`"name": "stored"`:      "token list --all --json",
		"changetype: delete":    "undo --since 1h --caller token",
		"changetype: delete\\n": "undo --since 1h --caller token --json",
	} {
		if said := w.commands(strings.Fields(line)); !strings.Contains(said, want) {
			w.Errorf("%s does not say %q: %s", line, want, said)
		}
	}
}

// hangs leaves requests under way that carry the secrets, each of which the program has read a part of.
func (w *watched) hangs() {
	for _, value := range w.planted {
		for _, head := range []string{
			"POST /scim/v2/Users HTTP/1.1\r\nAuthorization: Bearer " + w.token,
			"POST /scim/v2/Users HTTP/1.1\r\nAuthorization: Bearer " + value,
			"POST /oauth/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded",
		} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(w.root, "http://"))
			if err != nil {
				w.Fatal(err)
			}
			w.Cleanup(func() { conn.Close() })
			// It may be refused at once.
			_, _ = fmt.Fprintf(conn, "%s\r\nHost: x\r\nContent-Length: 9000\r\n\r\nclient_secret=%s", head, value)
		}
	}
}
