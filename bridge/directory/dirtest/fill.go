package dirtest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// filling opens a Samba domain's database past LDAP, with indexes that are written once at the end: else each entry costs what there is
// already.
const filling = `
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
settings = LoadParm()
settings.load(sys.argv[1])
database = SamDB(url=sys.argv[2], session_info=system_session(), lp=settings,
                 options=["batch_mode:1", "transaction_index_cache_size:200000"])
database.transaction_start()
database.add_ldif(sys.stdin.read())
database.transaction_commit()
`

// Fill has the domain take entries, as many as there may be: write gives their LDIF, parents first. It takes a millisecond an entry. A
// slapd is filled before it starts (Entries).
func (s *Server) Fill(t testing.TB, write func(io.Writer) error) {
	t.Helper()
	var text bytes.Buffer
	if err := write(&text); err != nil {
		t.Fatal(err)
	}
	python, err := sambasPython()
	if err != nil {
		t.Fatal(err)
	}
	folder := s.Folder()
	fill := exec.Command(python, "-c", filling, filepath.Join(folder, "smb.conf"),
		"tdb://"+filepath.Join(folder, "domain", "private", "sam.ldb"))
	defer tie(fill)()
	fill.Stdin = &text
	if said, err := fill.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
}

// sambasPython is the interpreter that samba-tool, a script, names in its first line: its modules are that one's.
func sambasPython() (string, error) {
	tool, err := exec.LookPath("samba-tool")
	if err != nil {
		return "", err
	}
	script, err := os.ReadFile(tool)
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(script), "\n")
	named := strings.Fields(strings.TrimPrefix(first, "#!"))
	if len(named) == 0 || !strings.HasPrefix(first, "#!") {
		return "", fmt.Errorf("%s names no interpreter", tool)
	}
	return named[len(named)-1], nil
}
