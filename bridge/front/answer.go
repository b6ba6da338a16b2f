package front

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"scimbridge/bridge"
	"scimbridge/bridge/reason"
	"scimbridge/scim"
)

// usualBody holds the answer about one user.
const usualBody = 1 << 10

// send answers with a JSON body. Its type is SCIM's, without parameters, for errors too: Microsoft's validator compares the text.
func send(c *fiber.Ctx, status int, body any) error {
	text, err := scim.AppendJSON(make([]byte, 0, usualBody), body)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, scim.MediaType)
	return c.Status(status).Send(text)
}

// refuse makes an error of the front's own; detail "" is what the table says of the reason.
func refuse(why reason.Reason, detail string) error {
	return &reason.Error{Reason: why, Detail: detail}
}

// explain turns any error into what the client is told. Fiber's and fasthttp's own words are left out: they repeat the request.
func explain(err error) bridge.Failure {
	if router, ok := errors.AsType[*fiber.Error](err); ok {
		err = refuse(routed(router.Code), "")
	}
	return bridge.Explain(err)
}

// explain is the function of that name, and names the limit of the configuration that a request went beyond.
func (s *Server) explain(err error) bridge.Failure {
	f := explain(err)
	if f.Detail != f.Reason.Row().Told() {
		return f
	}
	switch o := s.options; f.Reason {
	case reason.Unavailable, reason.Unknown:
		if errors.Is(err, errOver) { // the directory may have been slow, and nothing worse
			f.Detail += "; " + exceeded(reason.Deadline, "listen.requestTimeout", o.RequestTimeout)
		}
	case reason.Payload:
		f.Detail = exceeded(f.Reason, "listen.maxBody", o.MaxBody)
	case reason.LargeHeader:
		f.Detail = exceeded(f.Reason, "listen.maxHeader", o.MaxHeader)
	case reason.LongURL:
		f.Detail = exceeded(f.Reason, "listen.maxURL", o.MaxURL)
	case reason.Slow:
		f.Detail = exceeded(f.Reason, "listen.readTimeout", o.ReadTimeout)
	case reason.Deadline:
		f.Detail = exceeded(f.Reason, "listen.requestTimeout", o.RequestTimeout)
	}
	return f
}

// exceeded is the detail of what went beyond a limit of the configuration.
func exceeded(why reason.Reason, key string, is any) string {
	return fmt.Sprintf("%s (%s: %v)", why.Row().Told(), key, is)
}

// routed is the reason of what fiber and fasthttp found wrong.
func routed(status int) reason.Reason {
	switch status {
	case fiber.StatusNotFound:
		return reason.NoPath
	case fiber.StatusMethodNotAllowed:
		return reason.MethodNotAllowed
	case fiber.StatusRequestTimeout:
		return reason.Slow
	case fiber.StatusRequestEntityTooLarge:
		return reason.Payload
	case fiber.StatusRequestHeaderFieldsTooLarge:
		return reason.LargeHeader
	}
	return reason.Unreadable
}

// fail answers with an error body (RFC 7644 §3.12).
func fail(c *fiber.Ctx, f bridge.Failure) {
	if f.Status == fiber.StatusNotModified { // no fault, no body, and the tag of the version (RFC 9110 §15.4.5)
		c.Set(fiber.HeaderETag, f.Version)
		c.Status(f.Status)
		return
	}
	if f.Reason == reason.Unauthenticated {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="scimbridge"`)
	}
	if f.RetryAfter > 0 || f.Status == fiber.StatusServiceUnavailable {
		c.Set(fiber.HeaderRetryAfter, retryAfter(f))
	}
	// Encoding strings and an int does not fail.
	_ = send(c, f.Status, scim.NewErrorMessage(f.Status, f.ScimType, f.Detail))
}

// What clients are told of an outage is spread over as many seconds as it is away, and over so many at least and at most.
const leastSpread, mostSpread = 3, 30

// retryAfter says in whole seconds, as clients read nothing else, when to come back (RFC 9110 §10.2.3). A 429 is about one client. A 503 is
// told to many at a time, and each is told another, from when it makes sense: they are not to come back all at once.
func retryAfter(f bridge.Failure) string {
	seconds := max(1, int(math.Ceil(f.RetryAfter.Seconds())))
	if f.Status == fiber.StatusServiceUnavailable {
		seconds += rand.IntN(min(max(seconds, leastSpread), mostSpread) + 1)
	}
	return strconv.Itoa(seconds)
}
