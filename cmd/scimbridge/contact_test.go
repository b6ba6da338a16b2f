package main

import (
	"bufio"
	"bytes"
	"maps"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"scimbridge/bridge/directory/memdir"
)

// TestServeTellsOfTheDirectory: what is wrong with the way to the directory shows at the start.
func TestServeTellsOfTheDirectory(t *testing.T) {
	log, stop, ended := start(t, configuration(t, "ldap://127.0.0.1:1"), nil)
	told := false
	defer time.AfterFunc(time.Minute, stop).Stop() // or nothing would end the log
	for lines := bufio.NewScanner(log); lines.Scan(); {
		switch line := lines.Text(); {
		case strings.Contains(line, `"code":"refused-connection"`):
			told = true
			stop()
		case strings.Contains(line, "the directory cannot be used yet"): // which is what check tells
			t.Error(line)
		case strings.Contains(line, "secret"):
			t.Errorf("a secret in %s", line)
		}
	}
	if code := <-ended; code != exitOK || !told {
		t.Errorf("exit %d, told %v", code, told)
	}
}

// TestServeTellsWhereTheMapIsWrong: what the map names and the directory lacks is logged with the line that names it.
func TestServeTellsWhereTheMapIsWrong(t *testing.T) {
	ldap, err := memdir.Start(memdir.Options{RootDN: "cn=admin,dc=example,dc=org", RootPassword: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ldap.Close)
	file := configuration(t, ldap.URL())
	environ := []string{"SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_1_LDAP=nosuchattribute"}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("objectClasses: [inetOrgPerson]"), []byte("objectClasses: [inetOrgPerson,   nosuchclass]"), 1)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{
		`"place":"` + file + `:7:38","key":"resources[0].objectClasses[1]"`:                          false,
		`"place":"SCIMBRIDGE_RESOURCES_0_ATTRIBUTES_1_LDAP","key":"resources[0].attributes[1].ldap"`: false,
	}
	log, stop, ended := start(t, file, environ)
	defer time.AfterFunc(time.Minute, stop).Stop() // or nothing would end the log
	for lines := bufio.NewScanner(log); lines.Scan(); {
		for place := range want {
			want[place] = want[place] || strings.Contains(lines.Text(), place)
		}
		if !slices.Contains(slices.Collect(maps.Values(want)), false) {
			stop()
		}
	}
	if code := <-ended; code != exitOK {
		t.Errorf("exit %d", code)
	}
	for place, told := range want {
		if !told {
			t.Errorf("nothing tells %s", place)
		}
	}
}

// TestServeTellsOfAServerThatTakesNoChanges: the client hears when to come back, the operator what stands in the way.
func TestServeTellsOfAServerThatTakesNoChanges(t *testing.T) {
	for name, fault := range map[string]memdir.Fault{
		"full":      {Code: 80, Text: "entry store failed"},
		"read-only": {Code: 53, Text: "operation restricted"},
	} {
		t.Run(name, func(t *testing.T) {
			ldap := company(t)
			ldap.Fault(func(op, _ string) memdir.Fault {
				if op == "add" {
					return fault
				}
				return memdir.Fault{}
			})
			log, stop, ended := start(t, configuration(t, ldap.URL()), nil)
			root, lines := listening(t, log)
			answer := send(t, http.MethodPost, root+"/Users", token, `{"userName":"mara"}`)
			answer.Body.Close()
			after, err := strconv.Atoi(answer.Header.Get("Retry-After"))
			if answer.StatusCode != http.StatusServiceUnavailable || err != nil || after < 1 {
				t.Errorf("%s, Retry-After %q", answer.Status, answer.Header.Get("Retry-After"))
			}
			stop()
			<-ended
			told := false
			for line := range lines {
				told = told || strings.Contains(line, `"level":"ERROR","msg":"directory: the server takes no changes"`) &&
					strings.Contains(line, fault.Text)
			}
			if !told {
				t.Error("nothing tells the operator")
			}
		})
	}
}
