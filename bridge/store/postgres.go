package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// connectPostgres makes the pool; the first connection is made when it is needed.
func (s *Store) connectPostgres() error {
	s.dialect = Postgres
	config, err := pgx.ParseConfig(s.options.URL)
	if err != nil {
		return err
	}
	timeout := s.options.Timeout
	config.ConnectTimeout = timeout
	if s.reads && !s.looks { // which is told whether the database takes writes
		config.RuntimeParams["default_transaction_read_only"] = "on"
	}
	for name, value := range map[string]string{
		"application_name": "scimbridge",
		// Who waits for others longer than this is told that they hold it, before his own time is over.
		"lock_timeout": fmt.Sprint((timeout * 4 / 5).Milliseconds()),
		// A copy that has died without a word holds nothing for long.
		"idle_in_transaction_session_timeout": fmt.Sprint((timeout * 2).Milliseconds()),
	} {
		if _, given := config.RuntimeParams[name]; !given {
			config.RuntimeParams[name] = value
		}
	}
	s.pools(stdlib.GetConnector(*config, stdlib.OptionBeforeConnect(func(_ context.Context, config *pgx.ConnConfig) error {
		if s.options.PasswordFile == "" {
			return nil
		}
		password, err := s.options.password()
		if err != nil {
			return failed(Away, err)
		}
		config.Password = password
		return nil
	})), readers, nil)
	return nil
}
