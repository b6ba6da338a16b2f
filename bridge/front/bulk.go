package front

import (
	"github.com/gofiber/fiber/v2"

	"scimbridge/scim"
)

// bulk serves /Bulk (RFC 7644 §3.7).
func (s *Server) bulk(c *fiber.Ctx) error {
	body, err := s.sentBody(c)
	if err != nil {
		return err
	}
	result, err := s.bridge.Bulk(c.UserContext(), s.call(c), body)
	if err != nil {
		return err
	}
	r := recordOf(c)
	r.dropped, r.failed = result.Dropped, result.Failed
	return send(c, fiber.StatusOK, scim.NewBulkResponse(result.Operations))
}
