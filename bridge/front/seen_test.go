package front

import (
	"strings"
	"testing"

	"scimbridge/bridge/reason"
)

// TestSeen: each request is told once, in words of closed sets, whatever its path is.
func TestSeen(t *testing.T) {
	s := serve(t, Options{})
	var seen []Seen
	s.Observe(func(what Seen) { seen = append(seen, what) })
	for request, want := range map[string]Seen{
		"GET /scim/v2/Users":                    {Type: "User", Operation: "query"},
		"HEAD /scim/v2/users/1":                 {Type: "User", Operation: "get"},
		"GET /scim/v2//Groups/a%2Fb":            {Type: "Group", Operation: "get"},
		"POST /scim/v2/Users":                   {Type: "User", Operation: "create", Dropped: 2},
		"POST /scim/v2/Users/.search":           {Type: "User", Operation: "query"},
		"PUT /scim/v2/Users/1":                  {Type: "User", Operation: "replace", Dropped: 2},
		"PATCH /scim/v2/Groups/1":               {Type: "Group", Operation: "patch", Dropped: 2},
		"DELETE /scim/v2/Groups/1":              {Type: "Group", Operation: "delete"},
		"GET /scim/v2/":                         {Operation: "query"},
		"POST /scim/v2/.search":                 {Operation: "query"},
		"POST /scim/v2/Bulk":                    {Operation: "bulk"},
		"GET /scim/v2/Me":                       {Operation: "me", Reason: reason.NotImplemented},
		"GET /scim/v2/Schemas/x":                {Operation: "discovery", Reason: reason.NoPath},
		"GET /scim/v2/ServiceProviderConfig":    {Operation: "discovery"},
		"GET /readyz":                           {Operation: "health"},
		"GET /scim/v2/mara":                     {Operation: "read", Reason: reason.NoPath},
		"PATCH /scim/v2/mara":                   {Operation: "patch", Reason: reason.NoPath},
		"PATCH /scim/v2/Users":                  {Operation: "patch", Reason: reason.MethodNotAllowed},
		"PROPFIND /scim/v2/Users":               {Operation: "read", Reason: reason.NotImplemented},
		"GET /" + strings.Repeat("a", 8001):     {Operation: "read", Reason: reason.LongURL},
		"GET /scim/v2/Users?startIndex=nothing": {Type: "User", Operation: "query", Reason: reason.InvalidValue},
	} {
		seen = nil
		s.result.Dropped = 2
		if want.Dropped == 0 {
			s.result.Dropped = 0
		}
		body := ""
		if strings.HasPrefix(request, "P") {
			body = "{}"
		}
		s.ask(t, request, body)
		if len(seen) != 1 {
			t.Errorf("%s: seen %d times", request, len(seen))
			continue
		}
		seen[0].Took = 0
		if seen[0] != want {
			t.Errorf("%s: %+v, want %+v", request, seen[0], want)
		}
	}
}
