package front

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
)

// me sends a caller that is an account's to its resource (RFC 7644 §3.11: 308). Most callers are provisioning services, and no account's:
// 501.
func (s *Server) me(c *fiber.Ctx) error {
	user := recordOf(c).caller.User
	if user == "" {
		return refuse(reason.NotImplemented, "/Me is not supported for this token: it is no account's")
	}
	query := bridge.Query{
		Filter: "userName eq " + strconv.Quote(user), StartIndex: 1, Count: 1, View: bridge.View{Attributes: []string{"meta.location"}},
	}
	list, err := s.bridge.Query(c.UserContext(), s.call(c), "User", query)
	if err != nil {
		return err
	}
	for _, r := range list.Resources {
		meta, _ := r["meta"].(map[string]any)
		if location, ok := meta["location"].(string); ok {
			c.Set(fiber.HeaderLocation, location)
			c.Status(fiber.StatusPermanentRedirect)
			return nil
		}
	}
	return refuse(reason.NotFound, "the account of this token does not exist")
}
