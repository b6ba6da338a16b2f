package bridge

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"scimbridge/bridge/directory"
	"scimbridge/bridge/guard"
	"scimbridge/scim"
)

func TestExplain(t *testing.T) {
	half := &directory.HalfDone{Cause: errors.New("secret cause")}
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
		"the breaker":   {&directory.Error{Reason: directory.Unavailable, RetryAfter: 7 * time.Second}, 503, "", 7 * time.Second},
		"unavailable":   {&directory.Error{Reason: directory.Unavailable}, 503, "", 5 * time.Second},
		"unknown":       {&directory.Error{Reason: directory.Unknown}, 503, "", 5 * time.Second},
		"a lost race":   {&directory.Error{Reason: directory.LostRace}, 503, "", time.Second},
		"no parent":     {&directory.Error{Reason: directory.NotFound}, 400, scim.InvalidValue, 0},
		"exists":        {&directory.Error{Reason: directory.Exists}, 409, scim.Uniqueness, 0},
		"refused":       {&directory.Error{Reason: directory.Refused}, 403, "", 0},
		"too many":      {&directory.Error{Reason: directory.TooMany}, 400, scim.TooMany, 0},
		"failed":        {&directory.Error{Reason: directory.Failed, Diagnostic: "inner"}, 500, "", 0},
		"half done":     {&directory.Error{Reason: directory.Failed, Cause: half}, 500, "", 0},
		"half unknown":  {&directory.Error{Reason: directory.Unknown, Cause: half}, 500, "", 0},
		"a deadline":    {context.DeadlineExceeded, 503, "", 5 * time.Second},
		"another map":   {errMismatch, 503, "", time.Minute},
		"a wrong tag":   {errPrecondition, 412, "", 0},
		"nothing new":   {&notModified{}, 304, "", 0},
		"a large bulk":  {&ErrPayload{"x"}, 413, "", 0},
		"a dead bulkId": {&unresolved{"x"}, 409, "", 0},
		"anything":      {errors.New("secret cause"), 500, "", 0},
	} {
		f := Explain(c.err)
		if f.Status != c.status || f.ScimType != c.scimType || f.RetryAfter != c.retry || f.Reason == "" {
			t.Errorf("%s: %+v", name, f)
		}
		if f.Status >= 500 && (f.Detail == "" || f.Detail == "secret cause") {
			t.Errorf("%s: the client is told %q", name, f.Detail)
		}
	}
	named := Explain(&namedError{"title", &directory.Error{Reason: directory.Invalid, Diagnostic: "title: too long"}})
	if named.Detail != "title: the directory refuses the value: title: too long" {
		t.Errorf("detail %q", named.Detail)
	}
}

// TestEveryReasonIsInTheTable: a reason without a row would answer status 0.
func TestEveryReasonIsInTheTable(t *testing.T) {
	for _, r := range []directory.Reason{
		directory.Unavailable, directory.Unknown, directory.LostRace, directory.NotFound, directory.Exists,
		directory.Refused, directory.Invalid, directory.TooMany, directory.Failed,
	} {
		if table[r].Status == 0 {
			t.Errorf("%s has no row", r)
		}
	}
}
