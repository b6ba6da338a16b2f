package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"scimbridge/ldapmap/ldif"
)

// previewFiles are the files that TestPreviewCommand previews.
var previewFiles = map[string]string{
	"scimbridge.yaml": `
listen: {address: "127.0.0.1:0"}
directory: {urls: [%q], bind: {dn: "cn=admin,dc=example,dc=org", password: secret}}
access: {token: preview-command-0123456789}
guard:
  protected: ["uid=boss,ou=people,dc=example,dc=org"]
  limits: [{effect: blocked, type: User, most: 1}]
resources:
  - type: User
    base: ou=people,dc=example,dc=org
    objectClasses: [inetOrgPerson, scimbridgeUser]
    dn: '"uid=" + rdn(userName) + "," + base'
    filter: (!(employeeType=service))
    match: [{scim: userName, in: 'emails[type eq "work"].value'}]
    attributes:
      - {scim: userName, ldap: uid}
      - {scim: externalId, ldap: scimExternalId}
      - {scim: displayName, ldap: cn, empty: userName}
      - {scim: name.familyName, ldap: sn}
      - {scim: 'emails[type eq "work"].value', ldap: mail}
      - {scim: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager', ldap: manager, reference: User}
    active: {by: userAccountControl}
  - type: Group
    base: ou=people,dc=example,dc=org
    objectClasses: [groupOfNames]
    attributes:
      - {scim: displayName, ldap: cn}
    members: {attribute: member}
`,
	// As the portal has it.
	"users.csv": "\ufeffuserPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,accountEnabled," +
		"costCentre\r\n" +
		"anna@x.example,\"Holm, Anna\",Holm,anna@x.example,Anna,1111,Member,Cook,,True,7\r\n" +
		"bo@x.example,Bo,Ek,bo@x.example,,2222,Member,,,True,\r\n" +
		"boss@x.example,Boss,Big,boss@x.example,,3333,Member,,,True,\r\n" +
		"two@x.example,Two,Twin,two@x.example,,4444,Member,,,True,\r\n" +
		"service@x.example,Service,X,,,5555,Member,,,True,\r\n" +
		"gone@x.example,Gone,Gone,,,6666,Member,,,False,\r\n" +
		"bo@x.example,Bo again,Ek,,,7777,Member,,,True,\r\n" +
		"cy@x.example,Cy,,cy@x.example,,8888,Member,,,True,\r\n" +
		"di@x.example,Di,Dahl,,,9999,Member,,,False,\r\n" +
		"eva@x.example,Eva,Ek,,,aaaa,Member,,,false,\r\n",
	"groups.csv": "id,displayName,groupType,members\n" +
		"g1,Night Shift,Security,1111;2222;6666\ng2,Day Shift,Security,\ng2,Day Shift,Security,2222\n",
	"night.csv": "id,userPrincipalName,displayName\n3333,boss@x.example,Boss\n9999,di@x.example,Di\n",
	// As a spreadsheet has it, of somebody's own.
	"own.csv":    "Anmeldename;Chef;Nachname;Aktiv\nfred@x.example;bo@x.example;Berg;WAHR\nbo@x.example;;Ek;WAHR\n",
	"faulty.csv": "userPrincipalName,surname,accountEnabled\nanna,Holm\nbo,Ek,perhaps\n,Ek,True\n\"cy\"x,Dahl,True\n",
	"latin.csv":  "userPrincipalName,surname\nbj\xf6rn,Ek\n",
	"maybe.csv":  "userPrincipalName,surname,accountEnabled\nbo,Ek,perhaps\n",
	"twice.csv":  "userPrincipalName,surname,Surname\nbo,Ek,Ek\n",
	"empty.csv":  "",
	"sep.csv":    "sep=;\r\nuserPrincipalName;surname\r\nnew@x.example;Ek \r\n;;\r\n;\r\n",
	"bulk.csv":   "version:v1.0\nUser name [userPrincipalName] Required,Last name [surname]\nnew@x.example\n",
	"odd.csv":    "\n \r\nuserPrincipalName;surname\n=1+1;Ek\n", // a formula, below empty lines
	"open.csv":   "userPrincipalName,surname\nbo,\"Ek\nanna,Holm\n",
	"utf16.csv":  "\xff\xfeu\x00",
	"good.csv":   "userPrincipalName,surname\nnew@x.example,Ek\n",
}

// TestPreviewCommand holds the command's help, text, CSV and JSON to testdata/preview.txtar. Nothing is written, to the directory or beside
// the files.
func TestPreviewCommand(t *testing.T) {
	person := func(uid, class string, lines ...string) string {
		const form = "dn: uid=%s,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nobjectClass: %s\nuid: %[1]s\ncn: %[1]s\n" +
			"sn: x\n%[3]s\n\n"
		return fmt.Sprintf(form, uid, class, strings.Join(lines, "\n"))
	}
	people, err := ldif.Parse(person("bo", "scimbridgeUser", "mail: bo@x.example") +
		person("boss", "scimbridgeUser", "mail: boss@x.example") +
		person("two", "top", "mail: two@x.example") + person("twin", "top", "mail: two@x.example") +
		person("service@x.example", "top", "employeeType: service") +
		person("di@x.example", "scimbridgeUser", "scimExternalId: 9999", "userAccountControl: 512") +
		person("eva@x.example", "scimbridgeUser", "scimExternalId: aaaa", "userAccountControl: 512"))
	if err != nil {
		t.Fatal(err)
	}
	directory := company(t, people...)
	folder := t.TempDir()
	for name, text := range previewFiles {
		if name == "scimbridge.yaml" {
			text = fmt.Sprintf(text, directory.URL())
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(folder, "scimbridge.yaml")
	environ := []string{"USER=admin", "SCIMBRIDGE_STORE_FILE=" + filepath.Join(folder, "store.db"), "TMPDIR=" + folder}
	normal := normalizer{}
	golden(t, "testdata/preview.txtar", func(section string) string {
		arguments := strings.Fields(section)
		for i, argument := range arguments {
			if name := argument[strings.LastIndexByte(argument, '=')+1:]; previewFiles[name] != "" || name == "empty.csv" {
				arguments[i] = strings.TrimSuffix(argument, name) + filepath.Join(folder, name)
			}
			arguments[i] = strings.ReplaceAll(arguments[i], "_", " ")
		}
		got := prints(t, environ, file, normal.text, arguments...)
		return strings.NewReplacer(folder+"/", "", "\r\n", "\n").Replace(got)
	})
	if done := directory.Operations(); len(done) > 0 {
		t.Errorf("%d operations were done: %s", len(done), done[0])
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != len(previewFiles) {
		t.Errorf("%v, %v is left", err, left)
	}
}
