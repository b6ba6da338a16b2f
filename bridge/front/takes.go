package front

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// takes is a request that may take something away: a resource, access, a membership. It goes before others where these wait, for until then
// a leaver gets in.
type takes struct {
	method string
	body   []byte
}

// mostRead is how large a body may be that is read before its turn. It holds some thousand members.
const mostRead = 256 << 10

// away says so of a DELETE, of what sets active to false, of what removes members, and of a bulk request with one of these.
func (r takes) away() bool {
	if r.method == fiber.MethodDelete {
		return true
	}
	if len(r.body) > mostRead || r.method != fiber.MethodPatch && r.method != fiber.MethodPut && r.method != fiber.MethodPost {
		return false
	}
	var sent struct {
		Active     json.RawMessage
		Operations []struct {
			Op, Path, Method string
			Value, Data      json.RawMessage
		}
	}
	if json.Unmarshal(r.body, &sent) != nil {
		return false
	}
	if r.method == fiber.MethodPut && isFalse(sent.Active) {
		return true
	}
	for _, o := range sent.Operations {
		if r.method == fiber.MethodPost {
			if method := strings.ToUpper(o.Method); method != fiber.MethodPost && (takes{method, o.Data}).away() {
				return true
			}
			continue
		}
		path := strings.ToLower(o.Path)
		path = path[strings.LastIndex(path, ":")+1:]
		switch {
		case strings.EqualFold(o.Op, "remove"):
			if strings.HasPrefix(path, "members") {
				return true
			}
		case path == "active" && isFalse(o.Value), path == "" && setsFalse(o.Value):
			return true
		}
	}
	return false
}

// isFalse says that a value is false, or the text that Entra sends for it.
func isFalse(value json.RawMessage) bool {
	return strings.EqualFold(string(bytes.Trim(value, `" `)), "false")
}

// setsFalse says that an object has active as false.
func setsFalse(object json.RawMessage) bool {
	var values struct{ Active json.RawMessage }
	return json.Unmarshal(object, &values) == nil && isFalse(values.Active)
}
