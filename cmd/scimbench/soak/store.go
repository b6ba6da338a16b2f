package soak

import (
	"context"
	"database/sql"

	"scimbridge/bridge/store/storetest"
)

// Store is what the copies share.
type Store string

// The stores.
const (
	SQLite   Store = "sqlite" // a file
	Postgres Store = "postgres"
	None     Store = "none" // there is no journal
)

// Stores are those that there are.
var Stores = []string{string(SQLite), string(Postgres), string(None)}

func (s *site) openStore() {
	switch s.Store {
	case SQLite:
		s.store = storetest.SQLite(s)
		var err error
		if s.file, err = sql.Open("sqlite", "file:"+s.store.File+"?_pragma=busy_timeout(10000)"); err != nil {
			s.Fatal(err)
		}
		s.file.SetMaxOpenConns(1)
		s.Cleanup(func() { s.file.Close() })
	case Postgres:
		s.postgres = storetest.PostgresServer(s)
		s.store = s.postgres.Database(s)
	case None:
	}
}

// lock keeps the copies from writing to the SQLite file, as another program does that holds its lock.
func (s *site) lock(*replica) { s.hold("BEGIN IMMEDIATE") }

func (s *site) unlock(*replica) { s.hold("ROLLBACK") }

func (s *site) hold(how string) {
	if _, err := s.file.ExecContext(context.Background(), how); err != nil {
		s.Error(err)
	}
}
