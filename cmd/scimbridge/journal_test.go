package main

import (
	"net/http"
	"testing"

	"scimbridge/bridge/journal"
	"scimbridge/bridge/store/storetest"
)

// TestServeKeepsAJournal: what is done stands in the store when the program has stopped.
func TestServeKeepsAJournal(t *testing.T) {
	o := storetest.SQLite(t)
	log, stop, ended := start(t, configuration(t, company(t).URL()), []string{"SCIMBRIDGE_STORE_FILE=" + o.File})
	root, _ := listening(t, log)
	answer := send(t, http.MethodPost, root+"/Users", token, `{"userName":"mara"}`)
	answer.Body.Close()
	if answer.StatusCode != http.StatusCreated {
		t.Error(answer.Status)
	}
	stop()
	if code := <-ended; code != exitOK {
		t.Errorf("exit code %d", code)
	}
	found := 0
	if err := journal.Find(t.Context(), storetest.Open(t, o), journal.Query{Outcome: journal.Written}, func(a journal.Account) error {
		found++
		if a.Name != "mara" || a.Done.Status != http.StatusCreated {
			t.Errorf("%+v", a)
		}
		return nil
	}); err != nil || found != 1 {
		t.Errorf("%d records: %v", found, err)
	}
}
