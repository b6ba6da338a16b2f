package dirtest

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// keeping switches the optional feature on ([MS-ADTS] §3.1.1.9.1), which Samba does past LDAP alone.
const keeping = `
import sys
from ldb import Dn, FLAG_MOD_ADD, Message, MessageElement
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
settings = LoadParm()
settings.load(sys.argv[1])
database = SamDB(url=sys.argv[2], session_info=system_session(), lp=settings)
feature = "CN=Partitions,%s:766ddcd8-acd0-445e-f3b9-a7f9b6744f2a" % database.get_config_basedn()
change = Message(Dn(database, ""))
change["feature"] = MessageElement(feature, FLAG_MOD_ADD, "enableOptionalFeature")
database.modify(change)
`

// RecycleBin has a Samba domain keep whole what is deleted, until its end, which is that of the test.
func (s *Server) RecycleBin(t testing.TB) {
	t.Helper()
	s.domain.wear()
	python, err := sambasPython()
	if err != nil {
		t.Fatal(err)
	}
	keep := exec.Command(python, "-c", keeping, filepath.Join(s.Folder(), "smb.conf"),
		"tdb://"+filepath.Join(s.Folder(), "domain", "private", "sam.ldb"))
	defer tie(keep)()
	if said, err := keep.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
}

// Expunge removes what the server keeps of what was deleted.
func (s *Server) Expunge(t testing.TB) {
	t.Helper()
	if s.domain == nil {
		return // it is gone already
	}
	if err := s.domain.expunge(); err != nil {
		t.Fatal(err)
	}
}
