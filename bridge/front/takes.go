package front

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"scimbridge/ldapmap"
)

// request is one as it waits among others.
type request interface {
	// away says whether it may take something away: a resource, access, a membership. Such a one goes before others, for until then a
	// leaver gets in.
	away() bool
}

// incoming is a request of a client. Its body is read at the most once, and only when it has to wait.
type incoming struct {
	method string
	body   []byte
	read   bool
	takes  bool // if it was read
}

func (in *incoming) away() bool {
	if !in.read {
		in.read, in.takes = true, takesAway(in.method, in.body)
	}
	return in.takes
}

// mostRead is how large a body may be that is read before its turn. It holds some thousand members.
const mostRead = 256 << 10

// takesAway says so of a DELETE, of what sets active to false, of the name that Entra gives to whom it deletes, of what removes members or
// says who they are, and of a bulk request with one of these.
func takesAway(method string, body []byte) bool {
	if method == fiber.MethodDelete {
		return true
	}
	if len(body) > mostRead || method != fiber.MethodPatch && method != fiber.MethodPut && method != fiber.MethodPost {
		return false
	}
	var of struct {
		values
		Operations []struct {
			Op, Path, Method string
			Value, Data      json.RawMessage
		}
	}
	if json.Unmarshal(body, &of) != nil {
		return false
	}
	if method == fiber.MethodPut {
		return of.takeAway()
	}
	for _, o := range of.Operations {
		switch {
		case method == fiber.MethodPatch && patched(o.Op, o.Path, o.Value).takeAway():
			return true
		case method == fiber.MethodPost:
			if method := strings.ToUpper(o.Method); method != fiber.MethodPost && takesAway(method, o.Data) {
				return true
			}
		}
	}
	return false
}

// values are what of a resource may take something away.
type values struct{ Active, UserName, Members json.RawMessage }

// patched are those that an operation of a PATCH is about.
func patched(op, path string, value json.RawMessage) (v values) {
	path, _, _ = strings.Cut(strings.ToLower(path), "[")
	switch path[strings.LastIndex(path, ":")+1:] {
	case "":
		_ = json.Unmarshal(value, &v)
	case "active":
		v.Active = value
	case "username":
		v.UserName = value
	case "members":
		v.Members = json.RawMessage("[]") // whichever
	}
	if strings.EqualFold(op, "add") {
		v.Members = nil
	}
	return v
}

// takeAway says so of active that is false, of a soft-deleted user's name, and of any members that stand in the place of those who are: who
// goes would show in the directory alone.
func (v values) takeAway() bool {
	var name string
	return isFalse(v.Active) || v.Members != nil || json.Unmarshal(v.UserName, &name) == nil && ldapmap.IsTombstoneName(name)
}

// isFalse says that a value is false, or the text that Entra sends for it.
func isFalse(value json.RawMessage) bool {
	return strings.EqualFold(string(bytes.Trim(value, `" `)), "false")
}
