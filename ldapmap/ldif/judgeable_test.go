package ldif

import "testing"

// TestWithoutUnknownRules: of an entry of which nothing matches by a rule that nobody here knows the rest of the filter decides.
func TestWithoutUnknownRules(t *testing.T) {
	const inGroup = "(memberOf:1.2.840.113556.1.4.1941:=cn=g)"
	e := &Entry{DN: "cn=a", Attributes: []Attribute{{"cn", []string{"a"}}}}
	for text, want := range map[string][2]bool{ // as it is, and without
		"(&(cn=a)(!" + inGroup + "))":     {false, true},
		"(|(cn=a)" + inGroup + ")":        {true, true},
		inGroup:                           {false, false},
		"(&(cn=b)(!" + inGroup + "))":     {false, false},
		"(!(|(cn=b)" + inGroup + "))":     {false, true},
		"(&(cn=a)(cn:caseExactMatch:=a))": {true, true},
	} {
		f := must(ParseFilter(text))
		if got := [2]bool{f.Matches(e, nil), f.WithoutUnknownRules().Matches(e, nil)}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// TestJudgeableID: an id for whose attribute the schema names no rule, as 389 Directory Server's does, is compared all the same.
func TestJudgeableID(t *testing.T) {
	s := mustParse(t, []string{
		"( 2.16.840.1.113730.3.1.542 NAME 'nsUniqueId' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )",
		"( 2.5.4.3 NAME 'cn' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
	}, nil)
	e := &Entry{DN: "cn=a", Attributes: []Attribute{{"nsUniqueId", []string{"66446001-1dd211b2"}}}}
	f := must(ParseFilter("(|(nsuniqueid=66446001-1DD211B2)(cn=x))"))
	if f.Matches(e, s) || !DS389.Traits().Judgeable(f).Matches(e, s) {
		t.Error("the filter is judged by a rule that there is not, or the id is not found")
	}
}
