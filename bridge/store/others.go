package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
)

// Others stands for what others have written: while it is the same they have written nothing. The zero value is like no other.
type Others struct{ turn, version int64 }

// turns counts who asks one after the other, and the connections that are made.
type turns struct {
	turning sync.Mutex
	asked   any
	turn    int64
}

// SinceOthers tells, within a transaction that writes, whether others have written than those who ask as this one does. They ask before
// they write. known: PostgreSQL does not tell.
func (s *Store) SinceOthers(ctx context.Context, tx *sql.Tx, who any) (o Others, known bool, err error) {
	if s.dialect != SQLite {
		return o, false, nil
	}
	if s.turning.Lock(); s.asked != who {
		s.asked = who
		s.turn++
	}
	o.turn = s.turn
	s.turning.Unlock()
	err = s.QueryRow(ctx, tx, "PRAGMA data_version").Scan(&o.version) // which a connection tells of all others
	return o, err == nil, err
}

// turning has a new connection be a new turn.
type turning struct {
	driver.Connector
	*turns
}

func (t *turning) Connect(ctx context.Context) (driver.Conn, error) {
	t.turning.Lock()
	t.turn++
	t.turning.Unlock()
	return t.Connector.Connect(ctx)
}
