package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/dirtest"
)

// TestServersByDNS: the servers are those that DNS tells of, as soon as it does; the second serves when the first dies, and one that DNS
// tells of then when all have. One outside of the domain is never asked.
func TestServersByDNS(t *testing.T) {
	const service = "_ldap._tcp.corp.example"
	names := resolves(t)
	outside, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { outside.Close() })
	go func() {
		if _, err := outside.Accept(); err == nil {
			t.Error("a server outside of the domain is asked")
		}
	}()
	var servers []*dirtest.Server
	var places []string
	for i := range 3 {
		name := fmt.Sprintf("dc%d.corp.example", i+1)
		names.add(name)
		servers = append(servers, dirtest.OpenLDAP(t, dirtest.RootPassword("sesame-open")))
		places = append(places, strings.Replace(strings.TrimPrefix(servers[i].URL, "ldap://"), "127.0.0.1", name, 1))
	}
	names.add("dc.evil.example")
	evil := strings.Replace(outside.Addr().String(), "127.0.0.1", "dc.evil.example", 1)
	server := servers[0]
	o := oversee(t, configuration(t, "ldap://"+service), "SCIMBRIDGE_DIRECTORY_BIND_DN="+server.BindDN,
		"SCIMBRIDGE_DIRECTORY_BIND_PASSWORD="+server.Password, "SCIMBRIDGE_RESOURCES_0_BASE="+server.People,
		"SCIMBRIDGE_DIRECTORY_ALLOWCLEARTEXT=true", "SCIMBRIDGE_DIRECTORY_BREAKER_PAUSE=50ms")
	said := make(chan string, 1)
	go func() {
		var all strings.Builder
		for line := range o.lines {
			all.WriteString(line + "\n")
		}
		said <- all.String()
	}()
	// there waits until who is served is there, or not.
	there := func(when, who string, want bool) {
		t.Helper()
		got := ""
		for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(50 * time.Millisecond) {
			answer := send(t, http.MethodGet, o.root+"/Users?filter=userName+eq+%22"+who+"%22", token, "")
			got = read(t, answer)
			if answer.StatusCode == http.StatusOK && strings.Contains(got, `"totalResults":1`) == want {
				return
			}
		}
		t.Fatalf("%s: %s", when, got)
	}
	create := func(who string) {
		t.Helper()
		if answer := send(t, http.MethodPost, o.root+"/Users", token, `{"userName":"`+who+`"}`); answer.StatusCode != http.StatusCreated {
			t.Fatalf("%s: %s", answer.Status, read(t, answer))
		}
	}
	if answer := send(t, http.MethodGet, o.root+"/Users", token, ""); answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s while DNS tells of nobody", answer.Status)
	}
	names.serve(service, evil, places[0], places[1])
	there("DNS tells of the first", "mara", false)
	create("mara")
	servers[0].Kill()
	there("the first has died", "mara", false)
	create("ada")
	servers[1].Kill()
	names.serve(service, evil, places[2])
	there("DNS tells of the third", "ada", false)
	create("tom")
	if _, state := o.ask(t, http.MethodGet, "/metrics", ""); !strings.Contains(state, "scimbridge_directory_server 1\n") {
		t.Error("the third is not the first by now")
	}
	o.stop()
	if code := <-o.ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	log := <-said
	for _, want := range []string{"DNS does not tell of its servers", "outside of corp.example", "the servers by DNS"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not tell %q:\n%s", want, log)
		}
	}
}

func read(t *testing.T, answer *http.Response) string {
	t.Helper()
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
