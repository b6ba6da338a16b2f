package front

import (
	"bytes"
	"context"
	"mime"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
	"scimbridge/scim"
)

// resources serves one resource type's endpoint (RFC 7644 §3.2), or where typ is "" the root, which lists every type.
type resources struct {
	*Server
	typ string
}

func (r *resources) create(c *fiber.Ctx) error {
	recordOf(c).typ = r.typ
	p, err := parameters(c)
	if err != nil {
		return err
	}
	body, err := r.sentBody(c)
	if err != nil {
		return err
	}
	result, err := r.bridge.Create(c.UserContext(), r.call(c), r.typ, body, p.view())
	if err != nil {
		return err
	}
	recordOf(c).id, _ = result.Resource["id"].(string)
	return show(c, fiber.StatusCreated, result)
}

func (r *resources) get(c *fiber.Ctx) error {
	p, err := parameters(c)
	if err != nil {
		return err
	}
	result, err := r.bridge.Get(c.UserContext(), r.call(c), r.typ, id(c), p.view())
	if err != nil {
		return err
	}
	return show(c, fiber.StatusOK, result)
}

func (r *resources) query(c *fiber.Ctx) error {
	p, err := parameters(c)
	if err != nil {
		return err
	}
	q, err := p.query()
	if err != nil {
		return err
	}
	return r.list(c, q)
}

// search is query with its parameters in the body, which no log of addresses sees (RFC 7644 §3.4.3).
func (r *resources) search(c *fiber.Ctx) error {
	body, err := r.sentBody(c)
	if err != nil {
		return err
	}
	q, err := searchRequest(body, r.bridge.Dialect())
	if err != nil {
		return err
	}
	return r.list(c, q)
}

func (r *resources) list(c *fiber.Ctx, q bridge.Query) error {
	list, err := r.bridge.Query(c.UserContext(), r.call(c), r.typ, q)
	if err != nil {
		return err
	}
	response := scim.NewListResponse(list.Total, list.StartIndex, list.Resources)
	response.NextCursor = list.NextCursor
	return send(c, fiber.StatusOK, response)
}

func (r *resources) patch(c *fiber.Ctx) error { return r.change(c, r.bridge.Patch) }

func (r *resources) replace(c *fiber.Ctx) error { return r.change(c, r.bridge.Replace) }

// update is what PATCH and PUT are to the bridge.
type update func(ctx context.Context, c bridge.Call, typ, id string, body []byte, v bridge.View) (*bridge.Result, error)

// change is PATCH or PUT.
func (r *resources) change(c *fiber.Ctx, do update) error {
	recordOf(c).typ, recordOf(c).id = r.typ, id(c)
	p, err := parameters(c)
	if err != nil {
		return err
	}
	body, err := r.sentBody(c)
	if err != nil {
		return err
	}
	result, err := do(c.UserContext(), r.call(c), r.typ, id(c), body, p.view())
	if err != nil {
		return err
	}
	return show(c, fiber.StatusOK, result)
}

func (r *resources) delete(c *fiber.Ctx) error {
	recordOf(c).typ, recordOf(c).id = r.typ, id(c)
	result, err := r.bridge.Delete(c.UserContext(), r.call(c), r.typ, id(c))
	if err != nil {
		return err
	}
	recordOf(c).wrote(result)
	c.Status(fiber.StatusNoContent)
	return nil
}

// wrote notes what was written.
func (r *record) wrote(result *bridge.Result) {
	r.dn, r.name, r.effects = result.DN, result.Name, result.Effects
}

// show answers with one resource, or with 204 where there is nothing to show.
func show(c *fiber.Ctx, status int, result *bridge.Result) error {
	recordOf(c).dropped = result.Dropped
	recordOf(c).wrote(result)
	if result.Location != "" {
		c.Set(fiber.HeaderLocation, result.Location)
	}
	if result.Version != "" {
		c.Set(fiber.HeaderETag, result.Version)
	}
	if result.Resource == nil {
		c.Status(fiber.StatusNoContent)
		return nil
	}
	c.Set(fiber.HeaderContentLocation, result.Location) // RFC 7643 §3.1: the same as meta.location
	return send(c, status, result.Resource)
}

// id is the path's last segment. The router leaves it escaped, so that a%2Fb is one segment; what cannot be unescaped is nobody's id.
func id(c *fiber.Ctx) string {
	raw := c.Params("id")
	if text, err := url.PathUnescape(raw); err == nil {
		return text
	}
	return raw
}

// sentBody copies the request's body. It does not inflate: a small compressed body can hold a large one.
func (s *Server) sentBody(c *fiber.Ctx) ([]byte, error) {
	if encoding := c.Get(fiber.HeaderContentEncoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, refuse(reason.MediaType, "a Content-Encoding is not supported: send the body as it is")
	}
	if !jsonType(c.Get(fiber.HeaderContentType)) {
		return nil, refuse(reason.MediaType, "")
	}
	return bytes.Clone(c.Request().Body()), nil
}

// jsonType says whether a Content-Type may announce JSON: none does, and so does any JSON type with any parameters (RFC 7644 §3.1).
func jsonType(contentType string) bool {
	if strings.TrimSpace(contentType) == "" {
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	if kind == "" && err != nil {
		return false
	}
	return kind == "application/json" || kind == "text/json" || strings.HasSuffix(kind, "+json")
}
