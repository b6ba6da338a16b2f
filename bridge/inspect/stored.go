package inspect

import (
	"errors"
	"io/fs"

	"scimbridge/bridge/store"
)

// Stored says what keeps the bridge from using its own store, by what a look at that came to (store.Look).
func Stored(s Subject, o store.Options, err error) Findings {
	fault, is := errors.AsType[*store.Error](err)
	if !is {
		return nil
	}
	f := Finding{
		Severity: Error, Code: "store", Key: "store.file", What: "the bridge cannot use its store: " + fault.Cause.Error(),
		Why: "what the journal is to know first (journal.onFailure) is answered with 503, and so is who has a token of the store",
	}
	if o.File == "" {
		f.Key = "store.url"
	}
	switch inFile, isThere := o.File != "", !errors.Is(err, fs.ErrNotExist); {
	case inFile && !isThere:
		f.Severity, f.Code, f.What = Hint, "store-missing", o.File+" is not there: serve makes it"
		f.Why = "a new store knows no token, no count of a limit, and nothing that was done before"
		f.Mend = "nothing before the first start; else name the file that serve has had so far"
	case inFile && errors.Is(err, fs.ErrPermission):
		f.Severity, f.Code = Warning, "store-rights"
		f.Mend = "run this as the account that serve runs as (sudo -u); where it is that, give it the file and its folder (chown)"
	case errors.Is(err, store.ErrNewer):
		f.Mend = "start the version that wrote it, or put a backup from before in place"
	case inFile && fault.Kind == store.ReadOnly:
		f.Mend = "mount the file system so that it takes writes, or name a file elsewhere"
	case inFile && fault.Kind == store.Other:
		f.Mend = "put a backup in place, or name another file"
	case inFile: // which says what to do
	case fault.Kind == store.ReadOnly:
		f.Mend = "name the server that takes writes, not one that follows it"
	case errors.Is(err, store.ErrRights):
		f.Mend = "let store.url name the role that owns the tables, or grant its role these rights (GRANT … ON … TO …): " +
			"a later version may take the owner to bring them up to date"
	case fault.Kind == store.Other:
		f.Mend = "give the database to the role of store.url: ALTER DATABASE … OWNER TO …"
	default:
		f.Mend = "does the server run, at this address, and let the role of store.url in with the password of store.passwordFile?"
		f.Command = "psql " + shell(o.URL) + " -c 'SELECT 1'"
	}
	return s.located(Findings{f})
}
