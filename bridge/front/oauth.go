package front

import (
	"encoding/base64"
	"errors"
	"mime"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"scimbridge/bridge/access"
	"scimbridge/bridge/reason"
)

const (
	// tokenPath is where clients fetch tokens (RFC 6749 §3.2).
	tokenPath = "/oauth/token"
	// tokenBody is more octets than an assertion and what stands beside it take.
	tokenBody = 16 << 10

	clientCredentials = "client_credentials"
	jwtBearer         = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// asksToken says whether a request is for a token: its body is read though its caller is not known yet.
func (s *Server) asksToken(h *fasthttp.RequestHeader) bool {
	if !s.gate.Issues() || !h.IsPost() {
		return false
	}
	path, _, _ := strings.Cut(string(h.RequestURI()), "?")
	return strings.EqualFold(strings.TrimRight(path, "/"), tokenPath)
}

// oauthError is one of RFC 6749 §5.2.
type oauthError struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

// token gives a client a token (RFC 6749 §4.4, RFC 7523 §2.2). Scopes are not looked at: the client's role says what it may.
func (s *Server) token(c *fiber.Ctx) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderPragma, "no-cache")
	asked, fault := tokenRequested(c)
	if fault != nil {
		if err := s.gate.Failed(recordOf(c).client); err != nil {
			return s.refuseToken(c, err, false)
		}
		return answerOAuth(c, fiber.StatusBadRequest, fault)
	}
	var grant access.Grant
	var err error
	for _, shown := range asked.shown {
		shown.Address = recordOf(c).client
		if grant, err = s.gate.Issue(c.UserContext(), shown); err == nil || explain(err).Reason == reason.TooFast {
			break
		}
	}
	if err != nil {
		return s.refuseToken(c, err, asked.basic)
	}
	recordOf(c).caller.Name = grant.Client
	return answerOAuth(c, fiber.StatusOK, fiber.Map{
		"access_token": grant.Token, "token_type": "Bearer", "expires_in": int(grant.Lifetime.Seconds()),
	})
}

func answerOAuth(c *fiber.Ctx, status int, body any) error { return c.Status(status).JSON(body) }

// refuseToken says why a client gets none.
func (s *Server) refuseToken(c *fiber.Ctx, err error, basic bool) error {
	f, r := s.explain(err), recordOf(c)
	var told oauthError
	switch f.Reason {
	case reason.Unauthenticated:
		if basic {
			c.Set(fiber.HeaderWWWAuthenticate, `Basic realm="scimbridge"`)
		}
		told = oauthError{"invalid_client", "the client is not known, or what it shows is not valid"}
	case reason.KeysUnavailable, reason.TokensFaulty, reason.Attempts, reason.TooFast:
		c.Set(fiber.HeaderRetryAfter, retryAfter(f))
		told = oauthError{"temporarily_unavailable", f.Detail}
	default:
		return err
	}
	r.refused, r.ungranted = refusal(err), f
	s.bridge.Refused(r.call(), "token", "", "", nil, f)
	return answerOAuth(c, f.Status, told)
}

// refusal is why a caller is not let in, for the operator; "" where there is no more to say than that nobody is known.
func refusal(err error) string {
	if cause := errors.Unwrap(err); cause != nil {
		return cause.Error()
	}
	return ""
}

// tokenRequest is what was asked: by whom, as it may be read.
type tokenRequest struct {
	shown []access.Credentials
	basic bool // in the header
}

// tokenRequested reads a request for a token.
func tokenRequested(c *fiber.Ctx) (asked tokenRequest, fault *oauthError) {
	invalid := func(description string) (tokenRequest, *oauthError) {
		return tokenRequest{}, &oauthError{"invalid_request", description}
	}
	form, err := url.ParseQuery(string(c.Request().Body()))
	if kind, _, _ := mime.ParseMediaType(c.Get(fiber.HeaderContentType)); err != nil || kind != "" && kind != fiber.MIMEApplicationForm {
		return invalid("the body is not application/x-www-form-urlencoded")
	}
	for name, values := range form {
		if len(values) > 1 {
			return invalid(name + " stands more than once")
		}
	}
	switch form.Get("grant_type") {
	case clientCredentials:
	case "":
		return invalid("grant_type is missing")
	default:
		return asked, &oauthError{"unsupported_grant_type", "the grant_type is " + clientCredentials}
	}
	body := access.Credentials{Client: form.Get("client_id"), Secret: form.Get("client_secret"), Assertion: form.Get("client_assertion")}
	if body.Assertion != "" && form.Get("client_assertion_type") != jwtBearer {
		return invalid("the client_assertion_type is " + jwtBearer)
	}
	header := sole(&c.Request().Header, fiber.HeaderAuthorization)
	if header == "" {
		asked.shown = []access.Credentials{body}
	} else if asked.shown = basicCredentials(header); asked.shown == nil {
		return invalid("the Authorization header is not of the scheme Basic")
	}
	asked.basic = header != ""
	var agreeing []access.Credentials // what Entra may be told to send twice
	for _, shown := range asked.shown {
		if (body.Client == "" || body.Client == shown.Client) && (body.Secret == "" || body.Secret == shown.Secret) {
			agreeing = append(agreeing, shown)
		}
	}
	switch asked.shown = agreeing; {
	case len(agreeing) == 0:
		return invalid("header and body name different clients or secrets")
	case asked.shown[0].Client == "":
		return invalid("client_id is missing")
	case body.Assertion != "" && asked.shown[0].Secret != "":
		return invalid("a client shows a secret or an assertion")
	case asked.basic && body.Assertion != "":
		return invalid("an assertion stands in the body alone")
	}
	return asked, nil
}

// basicCredentials reads the scheme Basic: encoded as RFC 6749 §2.3.1 says, or as they are, which some clients do; nil where it is another.
func basicCredentials(header string) []access.Credentials {
	scheme, encoded, _ := strings.Cut(header, " ")
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	id, secret, ok := strings.Cut(string(decoded), ":")
	if !strings.EqualFold(scheme, "Basic") || err != nil || !ok {
		return nil
	}
	plain := []access.Credentials{{Client: id, Secret: secret}}
	unescapedID, err := url.QueryUnescape(id)
	unescapedSecret, problem := url.QueryUnescape(secret)
	if err != nil || problem != nil || unescapedID == id && unescapedSecret == secret {
		return plain
	}
	return append([]access.Credentials{{Client: unescapedID, Secret: unescapedSecret}}, plain...)
}
