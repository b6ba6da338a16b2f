package inspect

import (
	"cmp"
	"fmt"
	"time"

	"scimbridge/bridge/directory"
)

// hurry finds out how long the server takes for the least that can be asked.
func (l looker) hurry() {
	const times = 3 // one of them comes at a good moment
	for range times {
		began := time.Now()
		_, err := l.client.Look(l.ctx, directory.Search{Scope: directory.BaseObject, Attributes: []string{"1.1"}})
		if took := time.Since(began); err == nil && (l.v.Answers == 0 || took < l.v.Answers) {
			l.v.Answers = took
		}
	}
}

// slowPart is the part of directory.timeout that a least question may take: a request asks some four times, of much more.
const slowPart = 10

// slow finds servers whose answers take long.
func slow(s Subject, v Survey) []Finding {
	timeout := cmp.Or(s.Directory.Timeout, directory.DefaultTimeout)
	if v.Answers <= timeout/slowPart {
		return nil
	}
	took := v.Answers.Round(time.Millisecond)
	return []Finding{{
		Severity: Warning, Code: "slow", Key: "directory.timeout",
		What: fmt.Sprintf("the server takes %v for the least that can be asked, of the %v that an operation may take", took, timeout),
		Why:  "a request asks several times: it takes seconds, and one that has much to do ends in 503",
		Mend: "is the server busy, or far away? Run the bridge beside it", Line: fmt.Sprintf("timeout: %v", 2*timeout),
		Command: fmt.Sprintf("time ldapsearch -x -LLL -H %s -s base -b '' 1.1", v.url()),
	}}
}
