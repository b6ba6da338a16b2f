package memdir_test

import (
	"testing"

	"github.com/go-ldap/ldap/v3"
)

const (
	ann   = "uid=ann," + people
	bob   = "uid=bob," + people
	staff = "cn=staff," + groups
)

// answers is a conversation with slapd: each step's result, in order, on the content above.
var answers = []struct {
	name string
	do   step
	want string
}{
	{"add", person("eve"), "0"},
	{"add again", person("eve"), "68"},
	{
		"add under a missing parent", add("uid=x,ou=none,"+people, "objectClass: account", "uid: x"),
		"32 (matched ou=people,dc=example,dc=org)",
	},
	{"add outside the suffix", add("uid=x,dc=other", "objectClass: account", "uid: x"), "53 no global superior knowledge"},
	{
		"add without sn", add("uid=x,"+people, "objectClass: inetOrgPerson", "uid: x", "cn: x"),
		"65 object class 'inetOrgPerson' requires attribute 'sn'",
	},
	{"add without a class", add("uid=x,"+people, "uid: x", "cn: x"), "65 no objectClass attribute"},
	{
		"add an auxiliary class alone", add("uid=x,"+people, "objectClass: scimbridgeUser", "uid: x"),
		"65 no structural object class provided",
	},
	{
		"add two structural classes",
		add("uid=x,"+people, "objectClass: inetOrgPerson", "objectClass: account", "uid: x", "cn: x", "sn: x"),
		"65 invalid structural object class chain (inetOrgPerson/account)",
	},
	{
		"add an unknown class",
		add("uid=x,"+people, "objectClass: inetOrgPerson", "objectClass: nope", "uid: x", "cn: x", "sn: x"),
		"21 objectClass: value #1 invalid per syntax",
	},
	{"add an unknown attribute", person("x", "nope: 1"), "17 nope: attribute type undefined"},
	{"add what the class does not allow", person("x", "gidNumber: 1"), "65 attribute 'gidNumber' not allowed"},
	{"add without the RDN's value", add("uid=x,"+people, "objectClass: inetOrgPerson", "uid: y", "cn: x", "sn: x"), "0"},
	{"read it", search("uid=x,"+people, ldap.ScopeBaseObject, "(objectClass=*)"), "[uid=x objectClass=inetOrgPerson uid=y|x cn=x sn=x]"},
	{"add without the RDN's attribute", add("uid=xx,"+people, "objectClass: inetOrgPerson", "cn: x", "sn: x"), "0"},
	{"read it", search("uid=xx,"+people, ldap.ScopeBaseObject, "(objectClass=*)"), "[uid=xx objectClass=inetOrgPerson cn=x sn=x uid=xx]"},
	{"delete it", del("uid=x," + people), "0"},
	{"delete it", del("uid=xx," + people), "0"},
	{
		"add an operational attribute", person("x", "entryUUID: 8a8b8c8d-0000-0000-0000-000000000000"),
		"19 entryUUID: no user modification allowed",
	},
	{"add two values of a single one", person("x", "displayName: a", "displayName: b"), "19 displayName: multiple values provided"},
	{"add a value twice", person("x", "mail: a@b", "mail: A@B"), "20 mail: value #0 provided more than once"},
	{"add an attribute twice", person("x", "mail: a@b", "title: t", "mail: c@d"), "20 attribute 'mail' provided more than once"},
	{"add aliases of an attribute", person("x", "surname: other"), "20 attribute 'sn' provided more than once"},
	{"add an empty value", person("x", "title: "), "21 title: value #0 invalid per syntax"},
	{"add an empty mail", person("x", "mail: "), "0"},
	{"delete it", del("uid=x," + people), "0"},
	{"add a bad DN value", person("x", "manager: nobody"), "21 manager: value #0 invalid per syntax"},
	{"add a bad integer", person("x", "userAccountControl: 0x2"), "21 userAccountControl: value #0 invalid per syntax"},
	{"add a bad IA5 string", person("x", "mail: jürg@example.org"), "21 mail: value #0 invalid per syntax"},
	{"add a bad telephone number", person("x", "telephoneNumber: 1_2"), "21 telephoneNumber: value #0 invalid per syntax"},
	{"add a bad boolean", person("x", "pwdReset: yes"), "21 pwdReset: value #0 invalid per syntax"},
	{"add a bad time", person("x", "pwdAccountLockedTime: now"), "21 pwdAccountLockedTime: value #0 invalid per syntax"},
	{"add at a bad DN", add("nonsense", "objectClass: account"), "34 invalid DN"},
	{"add at an unknown attribute's DN", add("nope=x,"+people, "objectClass: account"), "34 invalid DN"},
	{"add at an empty RDN value", add("uid=,"+people, "objectClass: account"), "34 invalid DN"},
	{"add nothing", add("uid=x," + people), "2 no attributes provided"},
	{"add no values", func(c *ldap.Conn) error {
		return c.Add(&ldap.AddRequest{DN: "uid=x," + people, Attributes: []ldap.Attribute{{Type: "objectClass", Vals: nil}}})
	}, "2 no values for attribute type"},
	{"add a name that must be escaped", person(`a\, b\=c \#1`, "title: x"), "0"},
	{
		"add the empty group", add("cn=empty,"+groups, "objectClass: groupOfNames", "cn: empty"),
		"65 object class 'groupOfNames' requires attribute 'member'",
	},
	{"add an alias as the RDN", add("userid=zed,"+people, "objectClass: account", "host: zed"), "0"},
	{"read it", search("uid=zed,"+people, ldap.ScopeBaseObject, "(objectClass=*)"), "[uid=zed objectClass=account host=zed uid=zed]"},
	{"add a bad UUID reference", add("cn=g,"+groups, "objectClass: groupOfNames", "cn: g", "member: "), "0"},
	{"delete the group", del("cn=g," + groups), "0"},

	{"modify nothing there", modify("uid=nobody,"+people, "replace title: x"), "32 (matched ou=people,dc=example,dc=org)"},
	{"modify below nothing there", modify("uid=nobody,ou=none,"+people, "replace title: x"), "32 (matched ou=people,dc=example,dc=org)"},
	{"modify at a bad DN", modify("nonsense", "replace title: x"), "34 invalid DN"},
	{"modify outside", modify("dc=other", "replace title: x"), "53 no global superior knowledge"},
	{"modify without changes", modify(ann), "0"},
	{"add a value", modify(ann, "add title: Boss"), "0"},
	{"add the value again", modify(ann, "add title: boss"), "20 modify/add: title: value #0 already exists"},
	{"add the same value twice", modify(ann, "add title: a", "add title: A"), "20 title: value #0 provided more than once"},
	{"add a second single value", modify(ann, "add displayName: x"), "19 attribute 'displayName' cannot have multiple values"},
	{
		"replace by two single values", modify(ann, "replace displayName: x", "replace displayName: y"),
		"19 displayName: multiple values provided",
	},
	{"delete a missing value", modify(ann, "delete title: Chief"), "16 modify/delete: title: no such value"},
	{"delete a missing attribute", modify(ann, "delete pager"), "16 modify/delete: pager: no such attribute"},
	{"delete a value of a missing attribute", modify(ann, "delete pager: 1"), "16 modify/delete: pager: no such attribute"},
	{"delete a required attribute", modify(ann, "delete sn"), "65 object class 'inetOrgPerson' requires attribute 'sn'"},
	{"replace a required attribute by nothing", modify(ann, "replace sn"), "65 object class 'inetOrgPerson' requires attribute 'sn'"},
	{"replace a missing attribute by nothing", modify(ann, "replace pager"), "0"},
	{"add nothing", modify(ann, "add pager"), "2 modify/add operation requires values"},
	{"delete the RDN's value", modify(ann, "delete uid: ann"), "64 naming attribute 'uid' is not present in entry"},
	{"replace the RDN's value", modify(ann, "replace uid: anne"), "64 value of naming attribute 'uid' is not present in entry"},
	{"delete the RDN's attribute", modify(ann, "delete uid"), "64 naming attribute 'uid' is not present in entry"},
	{"add beside the RDN's value", modify(ann, "add uid: anne"), "0"},
	{"and take it away", modify(ann, "delete uid: ANNE"), "0"},
	{
		"modify an operational attribute", modify(ann, "replace entryUUID: 8a8b8c8d-0000-0000-0000-000000000000"),
		"19 entryUUID: no user modification allowed",
	},
	{"modify an unknown attribute", modify(ann, "replace nope: 1"), "17 nope: attribute type undefined"},
	{"modify what is not allowed", modify(ann, "replace gidNumber: 1"), "65 attribute 'gidNumber' not allowed"},
	{
		"add without an equality rule", modify(ann, "add facsimileTelephoneNumber: 1"),
		"18 modify/add: facsimileTelephoneNumber: no equality matching rule",
	},
	{
		"delete without an equality rule", modify(ann, "delete facsimileTelephoneNumber: +49 30 999"),
		"18 modify/delete: facsimileTelephoneNumber: no equality matching rule",
	},
	{"replace without an equality rule", modify(ann, "replace facsimileTelephoneNumber: +49 30 998"), "0"},
	{"delete all without an equality rule", modify(ann, "delete facsimileTelephoneNumber"), "0"},
	{"add the first without an equality rule", modify(ann, "add facsimileTelephoneNumber: 1"), "0"},
	{
		"delete one without an equality rule where there is none", modify(bob, "delete facsimileTelephoneNumber: 1"),
		"18 modify/delete: facsimileTelephoneNumber: no equality matching rule",
	},
	{
		"change the structural class", modify(ann, "replace objectClass: account", "delete sn", "delete cn"),
		"69 structural object class modification from 'inetOrgPerson' to 'account' not allowed",
	},
	{"drop an auxiliary class in use", modify(ann, "delete objectClass: scimbridgeUser"), "65 attribute 'userAccountControl' not allowed"},
	{"drop the structural class", modify(ann, "delete objectClass: inetOrgPerson"), "65 no structural object class provided"},
	{"add an unknown class", modify(ann, "add objectClass: nope"), "21 objectClass: value #0 invalid per syntax"},
	{"drop every class", modify(ann, "replace objectClass"), "65 no objectClass attribute"},
	{"add to an integer", modify(ann, "increment userAccountControl: 2"), "0"},
	{"subtract", modify(ann, "increment userAccountControl: -2"), "0"},
	{"increment a missing one", modify(ann, "increment uidNumber: 1"), "16 modify/increment: uidNumber: no such attribute"},
	{"nothing halfway", modify(ann, "replace title: Half", "delete pager"), "16 modify/delete: pager: no such attribute"},
	{"add and delete one value", modify(ann, "delete title: Boss", "add title: BOSS"), "0"},
	{"an alias's name", modify(ann, "replace surname: Sample"), "0"},
	{"a value in another spelling of its DN", modify(staff, "delete member: UID=Ann , OU=People,DC=example,DC=org"), "0"},
	{"the last member", modify(staff, "delete member: "+bob), "65 object class 'groupOfNames' requires attribute 'member'"},
	{"a member again", modify(staff, "add member: "+ann), "0"},
	{"a member twice", modify(staff, "add member: "+ann), "20 modify/add: member: value #0 already exists"},
	{
		"a missing and a new one", modify(staff, "delete member: uid=none,"+people, "add member: uid=new,"+people),
		"16 modify/delete: member: no such value",
	},
	{"with options", modify(ann, "replace title;lang-de: Chefin"), "0"},
	{"a password", modify(ann, "replace userPassword: other"), "0"},
	{"a password back", modify(ann, "replace userPassword: annsecret"), "0"},

	{"rename", rename("uid=eve,"+people, "uid=eva", true, ""), "0"},
	{"read it", search("uid=eva,"+people, ldap.ScopeBaseObject, "(objectClass=*)", "uid", "cn"), "[uid=eva cn=eve uid=eva]"},
	{"rename keeping the old", rename("uid=eva,"+people, "cn=Eva", false, ""), "0"},
	{"read it", search("cn=Eva,"+people, ldap.ScopeBaseObject, "(objectClass=*)", "uid", "cn"), "[cn=Eva cn=eve|Eva uid=eva]"},
	{"rename to two", rename("cn=Eva,"+people, "cn=Eva+uid=eva", true, ""), "0"},
	{"rename from two", rename("uid=eva+cn=eva,"+people, "uid=EVA", true, ""), "0"},
	{"read it", search("uid=eva,"+people, ldap.ScopeBaseObject, "(objectClass=*)", "uid", "cn"), "[uid=EVA cn=eve uid=EVA]"},
	{"rename to what is there", rename("uid=EVA,"+people, "uid=ann", true, ""), "68"},
	{"rename to the same", rename("uid=EVA,"+people, "uid=EVA", true, ""), "0"},
	{"rename nothing there", rename("uid=none,"+people, "uid=x", true, ""), "32 (matched ou=people,dc=example,dc=org)"},
	{"rename to a bad RDN", rename("uid=EVA,"+people, "nonsense", true, ""), "34 invalid new RDN"},
	{"rename to two RDNs", rename("uid=EVA,"+people, "uid=a,uid=b", true, ""), "34 invalid new RDN"},
	{"rename away what is required", rename("uid=EVA,"+people, "sn=x", true, ""), "0"},
	{"rename to an attribute not allowed", rename("sn=x,"+people, "gidNumber=1", true, ""), "65 attribute 'gidNumber' not allowed"},
	{"rename back", rename("sn=x,"+people, "uid=eva", true, ""), "0"},
	{"read it", search("uid=eva,"+people, ldap.ScopeBaseObject, "(objectClass=*)", "uid", "cn", "sn"), "[uid=eva cn=eve sn=eve uid=eva]"},
	{"move below nothing", rename(bob, "uid=bob", true, "ou=none,dc=example,dc=org"), "32 new superior not found"},
	{"move to a bad DN", rename(bob, "uid=bob", true, "nonsense"), "34 invalid newSuperior"},
	{"move out", rename(bob, "uid=bob", true, "dc=other"), "71 cannot rename between DSAs"},
	{"move below itself", rename(people, "ou=people", true, bob), "53 cannot place an entry below itself"},
	{"move", rename(bob, "uid=bob", true, groups), "0"},
	{
		"read it", search("uid=bob,"+groups, ldap.ScopeBaseObject, "(objectClass=*)", "uid", "entryDN"),
		"[uid=bob,ou=groups,dc=example,dc=org uid=bob entryDN=uid=bob,ou=groups,dc=example,dc=org]",
	},
	{"move back", rename("uid=bob,"+groups, "uid=bob", true, people), "0"},
	{"rename a subtree", rename(people, "ou=folk", true, ""), "0"},
	{
		"search below it", search("ou=folk,dc=example,dc=org", ldap.ScopeWholeSubtree, "(uid=ann)", "uid", "entryDN", "ou"),
		"[uid=ann,ou=folk,dc=example,dc=org uid=ann entryDN=uid=ann,ou=folk,dc=example,dc=org]",
	},
	{"search the old", under("(uid=ann)"), "32 (matched dc=example,dc=org)"},
	{"rename it back", rename("ou=folk,dc=example,dc=org", "ou=people", true, ""), "0"},
	{"rename the suffix", rename("dc=example,dc=org", "dc=sample", true, ""), "71 cannot rename between DSAs"},

	{"delete a non-leaf", del(people), "66 subordinate objects must be deleted first"},
	{"delete nothing there", del("uid=none,ou=none,dc=example,dc=org"), "32 (matched dc=example,dc=org)"},
	{"delete at a bad DN", del("nonsense"), "34 invalid DN"},
	{"delete outside", del("dc=other"), "53 no global superior knowledge"},
	{"delete", del("uid=eva," + people), "0"},

	{"compare", compare(ann, "cn", "ann  example"), "6"},
	{"compare another", compare(ann, "cn", "x"), "5"},
	{"compare a missing attribute", compare(ann, "pager", "1"), "16"},
	{"compare an unknown attribute", compare(ann, "nope", "1"), "17"},
	{"compare without an equality rule", compare(ann, "facsimileTelephoneNumber", "1"), "18 inappropriate matching request"},
	{"compare a bad value", compare(ann, "entryUUID", "x"), "21 value does not conform to assertion syntax"},
	{"compare a bad value without an equality rule", compare(ann, "userAccountControl", "x"), "18 inappropriate matching request"},
	{
		"compare where there is none without an equality rule", compare(bob, "facsimileTelephoneNumber", "1"),
		"18 inappropriate matching request",
	},
	{"compare nothing there", compare("uid=none,"+people, "cn", "x"), "32 (matched ou=people,dc=example,dc=org)"},

	{"bind anonymously", bindAs("", ""), "0"},
	{"bind without a password", bindAs(ann, ""), "53 unauthenticated bind (DN with no password) disallowed"},
	{"bind as nobody", bindAs("uid=none,"+people, "x"), "49"},
	{"bind", bindAs(ann, "annsecret"), "0"},
	{"bind with a wrong password", bindAs(ann, "x"), "49"},
	{"bind as a disabled one", bindAs(bob, "bobsecret"), "49"},
	{"bind at a bad DN", bindAs("nonsense", "x"), "34 invalid DN"},
	{"enable", modify(bob, "replace userAccountControl: 512"), "0"},
	{"bind as an enabled one", bindAs(bob, "bobsecret"), "0"},
	{"disable", modify(bob, "replace userAccountControl: 514"), "0"},
	{"anonymous modify", as("", "", modify(ann, "replace title: x")), "8 modifications require authentication"},
	{"anonymous add", as("", "", person("x")), "8 modifications require authentication"},
	{"anonymous delete", as("", "", del(ann)), "8 modifications require authentication"},
	{"anonymous rename", as("", "", rename(ann, "uid=x", true, "")), "8 modifications require authentication"},
	{"anonymous modify of nothing", as("", "", modify("uid=none,"+people, "replace nope: x")), "17 nope: attribute type undefined"},
	{"modify as a user", as(ann, "annsecret", modify(ann, "replace title: x")), "50"},
	{"add as a user", as(ann, "annsecret", person("x")), "50 no write access to parent"},
	{"delete as a user", as(ann, "annsecret", del(bob)), "50 no write access to parent"},
	{"rename as a user", as(ann, "annsecret", rename(bob, "uid=x", true, "")), "50 no write access to parent's children"},
	{
		"read a password as a user",
		as(ann, "annsecret", search(ann, ldap.ScopeBaseObject, "(objectClass=*)", "userPassword", "uid")),
		"[uid=ann uid=ann]",
	},

	{
		"delete a number without an equality rule",
		modify(bob, "delete userAccountControl: 514", "add userAccountControl: 512"),
		"18 modify/delete: userAccountControl: no equality matching rule",
	},
	{"number one", modify(ann, "add objectClass: posixAccount", "add uidNumber: 512", "add gidNumber: 1", "add homeDirectory: /"), "0"},
	{
		"number the other",
		modify(bob, "add objectClass: posixAccount", "add uidNumber: 514", "add gidNumber: 1", "add homeDirectory: /"), "0",
	},
	{
		"search nothing there", search("uid=none,ou=none,"+people, ldap.ScopeBaseObject, "(objectClass=*)"),
		"32 (matched ou=people,dc=example,dc=org)",
	},
	{"search outside", search("dc=other", ldap.ScopeWholeSubtree, "(objectClass=*)"), "32"},
	{"search at a bad DN", search("nonsense", ldap.ScopeWholeSubtree, "(objectClass=*)"), "34 invalid DN"},
	{"search the empty base", search("", ldap.ScopeWholeSubtree, "(objectClass=*)"), "32"},
	{
		"all of an entry", search("UID=Bob, OU=People,dc=example,dc=org", ldap.ScopeBaseObject, "(objectClass=*)"),
		"[uid=bob objectClass=inetOrgPerson|scimbridgeUser|posixAccount cn=Bob sn=Example manager=uid=ann,ou=people,dc=example,dc=org " +
			"userPassword=bobsecret scimExternalId=Ext-Bob uid=bob userAccountControl=514 uidNumber=514 gidNumber=1 homeDirectory=/]",
	},
	{"no attributes", search(bob, ldap.ScopeBaseObject, "(objectClass=*)", "1.1"), "[uid=bob]"},
	{
		"an alias", search(ann, ldap.ScopeBaseObject, "(objectClass=*)", "surname", "2.5.4.3"),
		"[uid=ann cn=Ann Example cn;lang-de=Anna Beispiel sn=Sample]",
	},
	{
		"a supertype", search(ann, ldap.ScopeBaseObject, "(objectClass=*)", "name"),
		"[uid=ann cn=Ann Example cn;lang-de=Anna Beispiel title=BOSS sn=Sample title;lang-de=Chefin]",
	},
	{"an option", search(ann, ldap.ScopeBaseObject, "(objectClass=*)", "cn;lang-de"), "[uid=ann cn;lang-de=Anna Beispiel]"},
	{"unknown attributes", search(ann, ldap.ScopeBaseObject, "(objectClass=*)", "nope", "uid"), "[uid=ann uid=ann]"},
	{
		"operational",
		search(bob, ldap.ScopeBaseObject, "(objectClass=*)",
			"structuralObjectClass", "entryDN", "hasSubordinates", "subschemaSubentry", "creatorsName"),
		"[uid=bob structuralObjectClass=inetOrgPerson creatorsName=cn=admin,dc=example,dc=org " +
			"entryDN=uid=bob,ou=people,dc=example,dc=org subschemaSubentry=cn=Subschema hasSubordinates=FALSE]",
	},
	{"no subordinates any more", func(c *ldap.Conn) error {
		for _, do := range []step{
			add("ou=sub,"+people, "objectClass: organizationalUnit", "ou: sub"),
			add("ou=one,ou=sub,"+people, "objectClass: organizationalUnit", "ou: one"),
			del("ou=one,ou=sub," + people),
		} {
			if err := do(c); err != nil {
				return err
			}
		}
		err := search("ou=sub,"+people, ldap.ScopeBaseObject, "(objectClass=*)", "hasSubordinates")(c)
		if failed := del("ou=sub," + people)(c); failed != nil {
			return failed
		}
		return err
	}, "[ou=sub hasSubordinates=FALSE]"},
	{
		"whole subtree", search("dc=example,dc=org", ldap.ScopeWholeSubtree, "(objectClass=*)", "1.1"),
		"[cn=staff,ou=groups,dc=example,dc=org; dc=example,dc=org; ou=groups,dc=example,dc=org; ou=people,dc=example,dc=org; " +
			"uid=a\\2C b\\3Dc #1; uid=ann; uid=bob; uid=zed]",
	},
	{
		"one level", search("dc=example,dc=org", ldap.ScopeSingleLevel, "(objectClass=*)", "1.1"),
		"[ou=groups,dc=example,dc=org; ou=people,dc=example,dc=org]",
	},
}

// filters are searched among Ann, Bob and the two that the conversation left.
var filters = []struct{ filter, want string }{
	{"(uid=ann)", "[uid=ann]"},
	{"(userid=ANN)", "[uid=ann]"},
	{"(cn=ann   example)", "[uid=ann]"},
	{"(cn=anna beispiel)", "[uid=ann]"},
	{"(cn;lang-de=anna beispiel)", "[uid=ann]"},
	{"(cn;lang-de=ann example)", "[]"},
	{"(name=ann example)", "[uid=ann]"},
	{"(objectClass=person)", "[uid=a\\2C b\\3Dc #1; uid=ann; uid=bob]"},
	{"(objectClass=inetorgperson)", "[uid=a\\2C b\\3Dc #1; uid=ann; uid=bob]"},
	{"(objectClass=2.16.840.1.113730.3.2.2)", "[uid=a\\2C b\\3Dc #1; uid=ann; uid=bob]"},
	{"(objectClass=nope)", "[]"},
	{"(!(objectClass=nope))", "[]"},
	{"(nope=x)", "[]"},
	{"(!(nope=x))", "[]"},
	{"(nope=*)", "[]"},
	{"(!(nope=*))", "[]"},
	{"(|(nope=x)(uid=ann))", "[uid=ann]"},
	{"(&(!(nope=x))(uid=ann))", "[]"},
	{"(pager=1)", "[]"},
	{"(!(pager=1))", "[uid=a\\2C b\\3Dc #1; uid=ann; uid=bob; uid=zed]"},
	{"(!(facsimileTelephoneNumber=1))", "[]"},
	{"(facsimileTelephoneNumber=1)", "[]"},
	{"(facsimileTelephoneNumber=*)", "[uid=ann]"},
	{"(!(facsimileTelephoneNumber=*))", "[uid=a\\2C b\\3Dc #1; uid=bob; uid=zed]"},
	{"(uid>=a)", "[]"},
	{"(!(uid>=a))", "[]"},
	{"(userAccountControl>=513)", "[]"},
	{"(uidNumber>=513)", "[uid=bob]"},
	{"(userAccountControl<=0512)", "[]"},
	{"(uidNumber<=0512)", "[]"},
	{"(userAccountControl<=513)", "[]"},
	{"(uidNumber<=513)", "[uid=ann]"},
	{"(userAccountControl=0514)", "[]"},
	{"(uidNumber=0514)", "[]"},
	{"(!(userAccountControl=x))", "[]"},
	{"(!(uidNumber=x))", "[]"},
	{"(userAccountControl:1.2.840.113556.1.4.803:=2)", "[uid=bob]"},
	{"(!(userAccountControl:1.2.840.113556.1.4.803:=2))", "[uid=a\\2C b\\3Dc #1; uid=ann; uid=zed]"},
	{"(userAccountControl:1.2.840.113556.1.4.803:=514)", "[uid=bob]"},
	{"(userAccountControl:1.2.840.113556.1.4.804:=3)", "[uid=bob]"},
	{"(userAccountControl:1.2.840.113556.1.4.804:=4)", "[]"},
	{"(manager:1.2.840.113556.1.4.1941:=" + ann + ")", "[]"},
	{"(uid:caseExactMatch:=ANN)", "[]"},
	{"(uid:caseExactMatch:=ann)", "[uid=ann]"},
	{"(uid:=ANN)", "[uid=ann]"},
	{"(ou:dn:=people)", "[uid=a\\2C b\\3Dc #1; uid=ann; uid=bob; uid=zed]"},
	{"(ou:dn:=groups)", "[]"},
	{"(:caseExactMatch:=Bob)", "[uid=bob]"},
	{"(:nopeMatch:=Bob)", "[]"},
	{"(!(uid:nopeMatch:=Bob))", "[]"},
	{"(telephoneNumber=+4930123456)", "[uid=ann]"},
	{"(telephoneNumber=*3012*)", "[uid=ann]"},
	{"(mail=ANN@example.org)", "[uid=ann]"},
	{"(mail=a*@*.org)", "[uid=ann]"},
	{"(mail=*example*example*)", "[uid=ann]"},
	{"(mail=ann@example.org*)", "[uid=ann]"},
	{"(cn=ann*ann*)", "[]"},
	{"(description=second line)", "[uid=ann]"},
	{"(description=*d l*)", "[uid=ann]"},
	{"(description=*d  l*)", "[uid=ann]"},
	{"(description=second *)", "[uid=ann]"},
	{"(description=* line)", "[uid=ann]"},
	{"(description=*nd *)", "[uid=ann]"},
	{"(scimExternalId=ext-bob)", "[]"},
	{"(scimExternalId=Ext-Bob)", "[uid=bob]"},
	{"(scimExternalId=ext*)", "[]"},
	{"(manager=UID=ANN,OU=people,dc=Example,dc=org)", "[uid=bob]"},
	{"(manager=userid=ann\\2c ou=people,dc=example,dc=org)", "[uid=bob]"},
	{"(manager=uid=ann,ou=people,dc=example,dc=org)", "[uid=bob]"},
	{"(manager=nobody)", "[]"},
	{"(!(manager=nobody))", "[]"},
	{"(manager=*ann*)", "[]"},
	{"(!(manager=*ann*))", "[]"},
	{"(manager=*)", "[uid=bob]"},
	{"(entryDN=" + ann + ")", "[uid=ann]"},
	{"(hasSubordinates=FALSE)", "[uid=a\\2C b\\3Dc #1; uid=ann; uid=bob; uid=zed]"},
	{"(entryUUID=x)", "[]"},
	{"(!(entryUUID=x))", "[]"},
	{"(createTimestamp>=20000101000000Z)", "[uid=a\\2C b\\3Dc #1; uid=ann; uid=bob; uid=zed]"},
	{"(createTimestamp>=99990101000000Z)", "[]"},
	{"(createTimestamp>=2000010100Z)", "[uid=a\\2C b\\3Dc #1; uid=ann; uid=bob; uid=zed]"},
	{"(createTimestamp<=20000101000000+0100)", "[]"},
	{"(uid~=ann)", "[uid=ann]"},
	{"(&)", "[uid=a\\2C b\\3Dc #1; uid=ann; uid=bob; uid=zed]"},
	{"(|)", "[]"},
	{"(!(&))", "[]"},
	{"(&(uid=*)(|(uid=ann)(uid=bob))(!(uid=bob)))", "[uid=ann]"},
	{"(uid=\\2a)", "[]"},
	{"(uid=a\\2c b=c #1)", "[uid=a\\2C b\\3Dc #1]"},
	{"(userPassword=annsecret)", "[uid=ann]"},
}

func TestAnswers(t *testing.T) {
	for _, peer := range peers {
		t.Run(peer.name, func(t *testing.T) {
			c := bound(t, peer.url(t))
			for _, a := range answers {
				if got := outcome(a.do(c)); got != a.want {
					t.Errorf("%s:\n got %s\nwant %s", a.name, got, a.want)
				}
			}
			for _, f := range filters {
				if got := outcome(under(f.filter)(c)); got != f.want {
					t.Errorf("%s:\n got %s\nwant %s", f.filter, got, f.want)
				}
			}
		})
	}
}
