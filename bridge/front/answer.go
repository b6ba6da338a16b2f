package front

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"scimbridge/bridge"
	"scimbridge/scim"
)

// send answers with a JSON body. Its type is SCIM's, without parameters, for errors too: Microsoft's validator compares the text.
func send(c *fiber.Ctx, status int, body any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(body); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, scim.MediaType)
	return c.Status(status).Send(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
}

// refusal is an error of the front's own.
type refusal struct{ bridge.Failure }

func (r *refusal) Error() string { return r.Detail }

// refuse makes the error that answers with the status, scimType and detail.
func refuse(status int, scimType scim.ScimType, detail string) error {
	return &refusal{bridge.Failure{Status: status, ScimType: scimType, Detail: detail, Reason: "request"}}
}

// explain turns any error into what the client is told.
func explain(err error) bridge.Failure {
	var own *refusal
	var router *fiber.Error
	switch {
	case errors.As(err, &own):
		return own.Failure
	case errors.As(err, &router):
		return bridge.Failure{Status: router.Code, Detail: routerDetail(router.Code), Reason: "request"}
	}
	return bridge.Explain(err)
}

// routerDetail says in SCIM's words what fiber and fasthttp found wrong. Their own words repeat the request.
func routerDetail(status int) string {
	switch status {
	case fiber.StatusNotFound:
		return "there is nothing at this path"
	case fiber.StatusMethodNotAllowed:
		return "this path does not know the method"
	case fiber.StatusRequestTimeout:
		return "the request did not arrive in time"
	case fiber.StatusRequestEntityTooLarge:
		return "the body is larger than the server takes"
	case fiber.StatusRequestHeaderFieldsTooLarge:
		return "the request line and headers are larger than the server takes"
	}
	return "the request cannot be read"
}

// fail answers with an error body (RFC 7644 §3.12).
func fail(c *fiber.Ctx, f bridge.Failure) {
	if f.Status == fiber.StatusNotModified { // no fault, no body, and the tag of the version (RFC 9110 §15.4.5)
		c.Set(fiber.HeaderETag, f.Version)
		c.Status(f.Status)
		return
	}
	if f.RetryAfter > 0 || f.Status == fiber.StatusServiceUnavailable {
		c.Set(fiber.HeaderRetryAfter, wholeSeconds(f.RetryAfter))
	}
	// Encoding strings and an int does not fail.
	_ = send(c, f.Status, scim.NewErrorMessage(f.Status, f.ScimType, f.Detail))
}

// wholeSeconds rounds up, to at least one: clients read nothing but integer seconds.
func wholeSeconds(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}
