package bridge

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/bridge/reason"
	"scimbridge/bridge/store"
	"scimbridge/ldapmap/ldif"
	"scimbridge/scim"
)

func TestExplain(t *testing.T) {
	halfUnknown := ldif.Receipt{
		Steps: []ldif.StepReceipt{{State: ldif.Done}, {State: ldif.Unknown}},
		Err:   &directory.Error{Reason: reason.Unknown, Cause: errors.New("secret cause")},
	}
	for name, c := range map[string]struct {
		err      error
		status   int
		scimType scim.ScimType
		retry    time.Duration
	}{
		"not found":     {errNotFound, 404, "", 0},
		"a conflict":    {&scim.Error{Type: scim.Uniqueness}, 409, scim.Uniqueness, 0},
		"a bad filter":  {fmt.Errorf("x: %w", &scim.Error{Type: scim.InvalidFilter}), 400, scim.InvalidFilter, 0},
		"guarded":       {&guard.Refusal{DN: "cn=x", Why: "y"}, 403, "", 0},
		"the breaker":   {&directory.Error{Reason: reason.Unavailable, RetryAfter: 7 * time.Second}, 503, "", 7 * time.Second},
		"unavailable":   {&directory.Error{Reason: reason.Unavailable}, 503, "", 5 * time.Second},
		"unknown":       {&directory.Error{Reason: reason.Unknown}, 503, "", 5 * time.Second},
		"a lost race":   {&directory.Error{Reason: reason.LostRace}, 503, "", time.Second},
		"no parent":     {&directory.Error{Reason: reason.NoSuchObject}, 400, scim.InvalidValue, 0},
		"exists":        {&directory.Error{Reason: reason.Exists}, 409, scim.Uniqueness, 0},
		"refused":       {&directory.Error{Reason: reason.Refused}, 403, "", 0},
		"too many":      {&directory.Error{Reason: reason.LimitExceeded}, 400, scim.TooMany, 0},
		"failed":        {&directory.Error{Reason: reason.Failed, Diagnostic: "inner"}, 500, "", 0},
		"half done":     {&directory.Error{Reason: reason.PartlyDone, Cause: errors.New("secret cause")}, 500, "", 0},
		"half unknown":  {failure(halfUnknown), 500, "", 0},
		"no store":      {&store.Error{Kind: store.Away, RetryAfter: 7 * time.Second}, 503, "", 7 * time.Second},
		"a bad store":   {&store.Error{Kind: store.Other, Cause: errors.New("secret cause")}, 503, "", time.Minute},
		"a deadline":    {context.DeadlineExceeded, 503, "", 5 * time.Second},
		"another map":   {mismatch(nil), 503, "", time.Minute},
		"a wrong tag":   {errPrecondition, 412, "", 0},
		"nothing new":   {&reason.Error{Reason: reason.NotModified}, 304, "", 0},
		"a large bulk":  {tooLarge("%d", 1), 413, "", 0},
		"a dead bulkId": {unresolved("x"), 409, "", 0},
		"anything":      {errors.New("secret cause"), 500, "", 0},
	} {
		f := Explain(c.err)
		if f.Status != c.status || f.ScimType != c.scimType || f.RetryAfter != c.retry || f.Reason == reason.None {
			t.Errorf("%s: %+v", name, f)
		}
		if f.Status >= 500 && (f.Detail == "" || f.Detail == "secret cause") {
			t.Errorf("%s: the client is told %q", name, f.Detail)
		}
	}
	named := Explain(&reason.Error{
		Reason: reason.Invalid, Attribute: "title", Cause: &directory.Error{Reason: reason.Invalid, Diagnostic: "title: too long"},
	})
	if named.Detail != "title: the directory refuses the value: title: too long" {
		t.Errorf("detail %q", named.Detail)
	}
}

// TestAgain: which write begins again, and how often.
func TestAgain(t *testing.T) {
	emptied := attempt{receipt: ldif.Receipt{
		Plan: ldif.Plan{Steps: []ldif.Step{{Change: ldif.Change{Mods: []ldif.Mod{{Op: ldif.DeleteValues, Settled: true}}}}}},
		Err:  &directory.Error{Reason: reason.Invalid, Code: objectClassViolation},
	}}
	refused := func(s ldif.Step) history {
		return history{{receipt: ldif.Receipt{Plan: ldif.Plan{Steps: []ldif.Step{s}}, Steps: []ldif.StepReceipt{{State: ldif.Refused}}}}}
	}
	of := refused(ldif.Step{Before: &ldif.Entry{}})
	for name, c := range map[string]struct {
		past  history
		err   error
		n     int
		again bool
	}{
		"a lost race":               {of, &directory.Error{Reason: reason.LostRace}, 8, true},
		"unknown":                   {of, &directory.Error{Reason: reason.Unknown}, 8, true},
		"a name that is taken":      {nil, &directory.Error{Reason: reason.Exists}, 2, true},
		"a value that is there":     {of, &directory.Error{Reason: reason.Occupied}, 2, true},
		"one that stays there":      {of, &directory.Error{Reason: reason.Occupied}, 3, false},
		"of a new entry":            {history{{}}, &directory.Error{Reason: reason.Occupied}, 0, false},
		"a name that stays taken":   {nil, &directory.Error{Reason: reason.Exists}, 3, false},
		"an entry that moved":       {of, &directory.Error{Reason: reason.NoSuchObject}, 2, true},
		"one that keeps moving":     {of, &directory.Error{Reason: reason.NoSuchObject}, 3, false},
		"no place for a new entry":  {refused(ldif.Step{}), &directory.Error{Reason: reason.NoSuchObject}, 0, false},
		"a group left empty":        {history{emptied}, emptied.receipt.Err, 0, true},
		"with its placeholder":      {history{emptied, emptied}, emptied.receipt.Err, 1, false},
		"another fault behind it":   {history{emptied}, &scim.Error{Type: scim.Uniqueness}, 1, false},
		"a class that is violated":  {of, &directory.Error{Reason: reason.Invalid, Code: objectClassViolation}, 0, false},
		"half done":                 {of, &directory.Error{Reason: reason.PartlyDone}, 0, false},
		"a deadline":                {of, context.DeadlineExceeded, 0, false},
		"a conflict":                {nil, &scim.Error{Type: scim.Uniqueness}, 0, false},
		"no such resource any more": {of, errNotFound, 0, false},
	} {
		if got := c.past.again(c.err, c.n); got != c.again {
			t.Errorf("%s: %v", name, got)
		}
	}
}
