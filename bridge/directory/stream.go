package directory

import (
	"context"
	"errors"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/bridge/reason"
	"scimbridge/ldapmap/ldif"
)

// stream is a search whose answer is read as it comes: what was not taken yet waits in the network, and holds the server up, and all that
// is asked of it on the same connection. It is to be ended, read to its end or not.
type stream struct {
	ctx     context.Context
	end     context.CancelFunc
	request *ldap.SearchRequest
	answer  ldap.Response // nil: the request was not sent yet
	fault   error         // that the connection had noted before
}

func newStream(ctx context.Context, r *ldap.SearchRequest) *stream {
	s := &stream{request: r}
	s.ctx, s.end = context.WithCancel(context.WithoutCancel(ctx)) // SearchAsync would not tell the caller's end from that of the answer
	return s
}

// take reads on until that is enough, which is errFull, or to the end of the answer, with its controls.
func (s *stream) take(l *ldap.Conn, enough func(*ldif.Entry) bool) (entries []*ldif.Entry, controls []ldap.Control, err error) {
	if s.answer == nil {
		s.fault = l.GetLastError()
		s.answer = l.SearchAsync(s.ctx, s.request, 0)
	}
	for s.answer.Next() {
		if found := s.answer.Entry(); found != nil {
			e := takeOver(found, s.request.Attributes)
			if entries = append(entries, e); enough(e) {
				return entries, nil, errFull
			}
		}
		controls = s.answer.Controls()
	}
	switch err := s.answer.Err(); {
	case ldap.IsErrorWithCode(err, ldap.ErrorFilterCompile):
		return nil, nil, errFilter
	case err != nil:
		return nil, nil, err
	case l.IsClosing() || l.GetLastError() != s.fault: // of which SearchAsync says no more than of the end
		return nil, nil, errors.New("the connection broke within the answer")
	}
	return entries, controls, nil
}

// drop reads on for nobody.
func (s *stream) drop() {
	defer s.end()
	for s.answer.Next() {
	}
}

// errFilter does not repeat the filter: its values are people's.
var errFilter = &Error{Reason: reason.Invalid, Cause: errors.New("the filter cannot be read")}
