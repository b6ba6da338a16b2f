package compile

import "testing"

func TestUnescaped(t *testing.T) {
	rt := fullResourceType(Options{Type: "User"})
	for source, want := range map[string]string{
		`"uid=" + rdn(userName) + "," + base`:                                                          "",
		`"uid=" + rdn(lower(before(userName, "@"))) + ",ou=" + rdn(title ?? "x") + base`:               "",
		`"cn=" + rdn(displayName ?? before(userName, "@")) + "," + base`:                               "",
		`"cn=" + rdn(name.givenName) + "+sn=" + rdn(name.familyName) + "," + base`:                     "",
		`"uid=" + rdn(userName) + "," + (title == nil ? "" : "ou=" + rdn(title) + ",") + base`:         "",
		`"uid=" + rdn(userName) + (active ? ",ou=on," : ",ou=off,") + base`:                            "",
		`let u = rdn(userName); let at = "," + base; "uid=" + u + at`:                                  "",
		`let u = userName; "uid=" + rdn(u) + "," + base`:                                               "",
		`"cn=" + join(map(emails, rdn(.value)), "+mail=") + "," + base`:                                "",
		`"cn=" + join(map(filter(emails, .type == "work"), rdn(.value)), "+mail=")`:                    "",
		`"cn=" + rdn(userName) + (userName startsWith "x" ? ",ou=x," : {"a": ",ou=a,"}[title]) + base`: "",
		`"cn=" + rdn(userName) + upper(",ou=x," + split(base, ",")[0])`:                                "",
		`"uid=" + rdn(userName) + ",ou=" + (len(emails) > 1 ? "many" : "one") + "," + base`:            "",
		`"uid=" + rdn(userName) + "," + switch(title, "", "Cook", "ou=galley,") + base`:                "",
		`"uid=" + rdn(userName) + "," + switch(title, title, "Cook", "ou=galley,") + base`:             "title",
		`"uid=" + userName + "," + base`:                                                               "userName",
		`"uid=" + (title ?? userName) + "," + base`:                                                    "title",
		`"uid=" + lower(userName) + "," + base`:                                                        "lower(userName)",
		`"uid=" + rdn(userName) + "," + enterprise.department`:                                         "enterprise.department",
		`"uid=" + emails[0].value`:                                                                     "emails[0].value",
		`"uid=" + emails[0]?.value`:                                                                    "emails[0]?.value",
		`"uid=" + resource["x"]`:                                                                       "resource.x",
		`"uid=" + (active ? rdn(userName) : title)`:                                                    "title",
		`let u = userName; let base = u; "uid=x," + base`:                                              "userName",
		`"uid=" + truncate(rdn(userName), 20) + "," + base`:                                            "truncate(rdn(userName), 20)",
		`"uid=" + toJSON({(userName): 1}) + "," + base`:                                                "toJSON({(userName): 1})",
		`"ou=" + get({"Sales": "s"}, title) + "," + base`:                                              "",
		`"ou=" + get({"Sales": userName}, title) + "," + base`:                                         "get({Sales: userName}, title)",
		`"uid=" + rdn(userName) + ",ou=" + string(int(title)) + "," + base`:                            "",
		`"ou=" + string(float(title)) + "," + base`:                                                    "string(float(title))", // "1e+09"
		`"uid=" + rdn(userName)[0:5] + "," + base`:                                                     "rdn(userName)[0:5]",
		`"cn=" + join(map(emails, .value), "+mail=")`:                                                  ".value",
		`"uid=" + replace(rdn(userName), "\\", "")`:                                                    `replace(rdn(userName), "\\", "")`,
		`id`: "id",
	} {
		e, err := newExpression(source, rt)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := e.unescaped(); got != want {
			t.Errorf("%s: %q is loose, want %q", source, got, want)
		}
	}
}
