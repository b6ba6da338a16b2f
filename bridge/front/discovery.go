package front

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
	"scimbridge/scim"
	"scimbridge/scim/schema"
)

// The schema URNs of the discovery resources (RFC 7643 §5, §6, §7).
const (
	providerConfigURN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
	resourceTypeURN   = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	schemaURN         = "urn:ietf:params:scim:schemas:core:2.0:Schema"
)

// meta is the common attribute of RFC 7643 §3.1, as far as a resource without history has it.
type meta struct {
	ResourceType string `json:"resourceType"`
	Location     string `json:"location"`
}

// providerConfig is RFC 7643 §5 with RFC 9865 §4.
type providerConfig struct {
	Schemas        []string `json:"schemas"`
	Patch          feature  `json:"patch"`
	Bulk           bulk     `json:"bulk"`
	Filter         filter   `json:"filter"`
	ChangePassword feature  `json:"changePassword"`
	Sort           feature  `json:"sort"`
	ETag           feature  `json:"etag"`
	Pagination     paging   `json:"pagination"`
	Authentication []scheme `json:"authenticationSchemes"`
	Meta           meta     `json:"meta"`
}

type feature struct {
	Supported bool `json:"supported"`
}

type bulk struct {
	feature
	MaxOperations  int `json:"maxOperations"`
	MaxPayloadSize int `json:"maxPayloadSize"`
}

type filter struct {
	feature
	MaxResults int `json:"maxResults"`
}

type paging struct {
	Cursor          bool   `json:"cursor"`
	Index           bool   `json:"index"`
	DefaultMethod   string `json:"defaultPaginationMethod"`
	DefaultPageSize int    `json:"defaultPageSize"`
	MaxPageSize     int    `json:"maxPageSize"`
}

type scheme struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description"`
	SpecURI     string `json:"specUri"`
	Primary     bool   `json:"primary"`
}

func (s *Server) providerConfig(c *fiber.Ctx) error {
	if err := unfiltered(c); err != nil {
		return err
	}
	hasPassword := func(rt *schema.ResourceType) bool { return rt.Core.Attribute("password") != nil }
	return send(c, fiber.StatusOK, providerConfig{
		Schemas:        []string{providerConfigURN},
		Patch:          feature{true},
		Bulk:           bulk{feature{true}, s.bridge.Limits().BulkOperations, s.bridge.Limits().BulkPayload},
		Sort:           feature{true},
		ETag:           feature{true},
		Filter:         filter{feature{true}, s.bridge.Limits().Page},
		ChangePassword: feature{slices.ContainsFunc(s.bridge.Types(c.UserContext()), hasPassword)},
		Pagination: paging{
			Cursor: true, Index: true, DefaultMethod: "index", DefaultPageSize: min(bridge.DefaultPage, s.bridge.Limits().Page),
			MaxPageSize: s.bridge.Limits().Page,
		},
		Authentication: s.schemes(),
		Meta:           meta{"ServiceProviderConfig", s.baseURL(c) + "/ServiceProviderConfig"},
	})
}

// schemes are the ways to be let in.
func (s *Server) schemes() []scheme {
	all := []scheme{{
		Type: "oauthbearertoken", Name: "OAuth Bearer Token", Description: "A bearer token in the Authorization header.",
		SpecURI: "https://www.rfc-editor.org/info/rfc6750", Primary: true,
	}}
	if s.gate.Issues() {
		all = append(all, scheme{
			Type: "oauth2", Name: "OAuth 2.0 Client Credentials", Description: "A bearer token that " + tokenPath + " issues.",
			SpecURI: "https://www.rfc-editor.org/info/rfc6749",
		})
	}
	return all
}

// resourceType is RFC 7643 §6.
type resourceType struct {
	Schemas     []string    `json:"schemas"`
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Endpoint    string      `json:"endpoint"`
	Description string      `json:"description,omitempty"`
	Schema      string      `json:"schema"`
	Extensions  []extension `json:"schemaExtensions"`
	Meta        meta        `json:"meta"`
}

type extension struct {
	Schema   string `json:"schema"`
	Required bool   `json:"required"`
}

func describe(rt *schema.ResourceType, base string) resourceType {
	d := resourceType{
		Schemas: []string{resourceTypeURN}, ID: rt.Name, Name: rt.Name, Endpoint: rt.Endpoint, Description: rt.Description,
		Schema: rt.Core.ID, Extensions: []extension{}, Meta: meta{"ResourceType", base + "/ResourceTypes/" + url.PathEscape(rt.Name)},
	}
	for _, e := range rt.Extensions {
		d.Extensions = append(d.Extensions, extension{e.Schema.ID, e.Required})
	}
	return d
}

func (s *Server) resourceTypes(c *fiber.Ctx) error {
	if err := unfiltered(c); err != nil {
		return err
	}
	var found []resourceType
	for _, rt := range s.bridge.Types(c.UserContext()) {
		found = append(found, describe(rt, s.baseURL(c)))
	}
	return send(c, fiber.StatusOK, scim.NewListResponse(len(found), 1, found))
}

func (s *Server) resourceType(c *fiber.Ctx) error {
	if err := unfiltered(c); err != nil {
		return err
	}
	for _, rt := range s.bridge.Types(c.UserContext()) {
		if strings.EqualFold(rt.Name, id(c)) {
			return send(c, fiber.StatusOK, describe(rt, s.baseURL(c)))
		}
	}
	return refuse(reason.NoPath, "there is no such resource type")
}

// schemaResource is a schema as a resource of its own (RFC 7643 §7).
type schemaResource struct {
	Schemas []string `json:"schemas"`
	*schema.Schema
	Meta meta `json:"meta"`
}

// allSchemas lists the schemas of the resource types, each once.
func (s *Server) allSchemas(c *fiber.Ctx) []schemaResource {
	var found []schemaResource
	listed := map[string]bool{}
	add := func(described *schema.Schema) {
		if !listed[described.ID] {
			listed[described.ID] = true
			found = append(found, schemaResource{[]string{schemaURN}, described, meta{"Schema", s.baseURL(c) + "/Schemas/" + described.ID}})
		}
	}
	for _, rt := range s.bridge.Types(c.UserContext()) {
		add(rt.Core)
		for _, e := range rt.Extensions {
			add(e.Schema)
		}
	}
	return found
}

func (s *Server) schemas(c *fiber.Ctx) error {
	if err := unfiltered(c); err != nil {
		return err
	}
	found := s.allSchemas(c)
	return send(c, fiber.StatusOK, scim.NewListResponse(len(found), 1, found))
}

func (s *Server) schema(c *fiber.Ctx) error {
	if err := unfiltered(c); err != nil {
		return err
	}
	for _, found := range s.allSchemas(c) {
		if strings.EqualFold(found.ID, id(c)) {
			return send(c, fiber.StatusOK, found)
		}
	}
	return refuse(reason.NoPath, "there is no such schema")
}

// unfiltered refuses a filter, lest a client take the whole list for matches (RFC 7644 §4). Paging and sorting are ignored.
func unfiltered(c *fiber.Ctx) error {
	p, err := parameters(c)
	if err != nil {
		return err
	}
	if _, given := p["filter"]; given {
		return refuse(reason.DiscoveryFilter, "")
	}
	return nil
}
