package directory

import (
	"context"
	"errors"
	"time"

	"github.com/go-ldap/ldap/v3"

	"scimbridge/ldapmap/ldif"
)

// Enumerate hands over every entry found, with the paged results control on a connection of its own up to the last page (RFC 2696). Who
// ends it does so by an error.
func (c *Client) Enumerate(ctx context.Context, s Search, each func(*ldif.Entry) error) error {
	if len(s.More) > 0 {
		for _, one := range s.each() {
			if err := c.Enumerate(ctx, one, each); err != nil {
				return err
			}
		}
		return nil
	}
	if p := rehearsal(ctx); p != nil {
		return p.enumerate(ctx, c, s, each)
	}
	return c.enumerate(ctx, s, each)
}

func (c *Client) enumerate(ctx context.Context, s Search, each func(*ldif.Entry) error) error {
	s.Room = nil // is for whoever takes the entries
	p := &pages{client: c, search: s, paging: ldap.NewControlPaging(c.pageSize.Load())}
	defer p.close()
	for !p.ended {
		entries, err := p.next(ctx)
		if err != nil {
			return c.unseen(s, err)
		}
		for i := range entries {
			whole, err := c.whole(ctx, s, entries[i:i+1])
			if err == nil && len(whole) > 0 {
				err = each(whole[0])
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// pages is an enumeration under way. However large the entries are on a page, a few of them are in memory at a time.
type pages struct {
	client *Client
	search Search
	conn   *conn               // nil: nothing was asked yet
	paging *ldap.ControlPaging // of the page that is asked for, or comes next
	under  *stream             // the page under way; nil: none is
	ended  bool
}

const (
	// batch is how many octets of a page are taken over at a time: a page of ids is far below.
	batch = 1 << 20
	// pageTime is what the server is told that a page may take: while it waits for us to take a batch, its time goes on.
	pageTime = time.Minute
)

// next reads on, a batch at the most. A page that is larger than the server allows, how large it does not tell, is asked for again in a
// smaller size, with the same cookie.
func (p *pages) next(ctx context.Context) ([]*ldif.Entry, error) {
	for {
		entries, err := p.read(ctx)
		if !tooLarge(err) || p.paging.PagingSize <= 1 {
			return entries, err
		}
		p.turn(p.paging.PagingSize/2, p.paging.Cookie)
		p.client.pageSize.Store(p.paging.PagingSize)
		p.client.log.Info("directory: smaller pages", "size", p.paging.PagingSize)
	}
}

// tooLarge says whether a page is larger than the server allows: slapd's size.pr. The same result without these words is of a look-through
// limit.
func tooLarge(err error) bool {
	return resultCode(err) == ldap.LDAPResultAdminLimitExceeded && speaks(err, []string{"illegal pagedResults page size"})
}

// read reads on, opening the enumeration's own connection for the first page. A cookie is good on its connection only.
func (p *pages) read(caller context.Context) (entries []*ldif.Entry, err error) {
	c, s := p.client, p.search
	ctx, cancel := c.within(caller)
	defer cancel()
	err = c.breaker.run(func() error {
		if p.conn == nil {
			if p.conn, err = c.pool.alone(ctx); err != nil {
				return excuse(caller, s.operation(), err)
			}
		}
		entries, err = p.take(caller, ctx)
		if cannotServe(err) && !c.isElsewhere(err) {
			c.pool.refer(p.conn.server, referredTo(err))
			c.pool.fail(p.conn.server, err)
			err = &outage{cause: err, code: resultCode(err)}
		}
		err = excuse(caller, s.operation(), err)
		if o, down := errors.AsType[*outage](err); down {
			c.pool.against(p.conn.server, o)
		} else {
			c.pool.answered(p.conn.server)
		}
		return err
	})
	return entries, err
}

// take takes a batch of the page under way, or of the next one, within the time of ctx.
func (p *pages) take(caller, ctx context.Context) ([]*ldif.Entry, error) {
	type part struct {
		entries  []*ldif.Entry
		controls []ldap.Control // of the page's end
	}
	begins := p.under == nil
	if begins {
		r := p.search.request(caller, max(pageTime, p.client.options.Timeout))
		r.Controls = []ldap.Control{p.paging}
		p.under = newStream(ctx, r)
	}
	page, octets := p.under, 0
	take := func(l *ldap.Conn) (got part, err error) {
		got.entries, got.controls, err = page.take(l, func(e *ldif.Entry) bool {
			octets += e.Octets()
			return octets >= batch
		})
		return got, err
	}
	var got part
	var err error
	if begins {
		got, err = exchange(ctx, p.conn, p.search.operation(), take)
	} else { // the exchange has been told
		got, err = exchanged(ctx, p.conn, take)
	}
	switch {
	case errors.Is(err, errFull):
		return got.entries, nil
	case err != nil:
		return nil, err
	}
	next, _ := ldap.FindControl(got.controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
	if p.ended = next == nil || len(next.Cookie) == 0; !p.ended {
		p.turn(p.paging.PagingSize, next.Cookie)
	}
	return got.entries, nil
}

// turn has another page come next.
func (p *pages) turn(size uint32, cookie []byte) {
	p.leave()
	p.paging = ldap.NewControlPaging(size)
	p.paging.SetCookie(cookie)
}

// leave ends the page under way.
func (p *pages) leave() {
	if p.under != nil {
		p.under.end()
		p.under = nil
	}
}

func (p *pages) close() {
	p.leave()
	if p.conn != nil {
		p.client.pool.put(p.conn)
	}
}
