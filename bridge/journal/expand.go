package journal

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"scimbridge/bridge/store"
	"scimbridge/ldapmap/ldif"
)

// Known is what the journal knows somebody by.
type Known struct {
	IDs     []string // of all that had the id, name or DN that was looked for: of one who was deleted and added again each
	Names   []string // that these had
	DNs     []string // that their entries had
	Several bool     // the ids are not all of one
}

// Who finds out of a person or a group by id, name or DN the other two: from the records that are about them.
func Who(ctx context.Context, s *store.Store, text string) (known Known, err error) {
	add := func(list *[]string, text string) {
		if text != "" && !among(Subject(text), *list) {
			*list = append(*list, text)
		}
	}
	key := Subject(text)
	var found []string
	err = about(ctx, s, key, func(p *payload, ids []string) {
		if among(key, append(p.newDNs(), p.Name, p.DN)) || among(key, ids) {
			for _, id := range ids {
				add(&found, id)
			}
		}
	})
	for _, first := range found {
		n := len(known.IDs)
		add(&known.IDs, first)
		known.Several = known.Several || n > 0 && len(known.IDs) > n
		for ; n < len(known.IDs) && err == nil; n++ { // and those that the records about one lead on to
			key := Subject(known.IDs[n])
			err = about(ctx, s, key, func(p *payload, ids []string) {
				if !among(key, ids) {
					return
				}
				for _, id := range ids {
					add(&known.IDs, id)
				}
				add(&known.Names, p.Name)
				for _, dn := range append([]string{p.DN}, p.newDNs()...) {
					add(&known.DNs, dn)
				}
			})
		}
	}
	return known, err
}

// among says that one of the texts has the key.
func among(key string, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return Subject(text) == key })
}

// newDNs are those that the plan gives its entry.
func (p *payload) newDNs() (dns []string) {
	if p.Plan == nil {
		return nil
	}
	for _, s := range p.Plan.Steps {
		if s.Change.Kind == ldif.ModifyDN && Subject(s.Change.DN) == Subject(p.DN) {
			dns = append(dns, s.Change.unpack().NewDN())
		}
	}
	return dns
}

// keys are what records are found by that name them: names but the one that was looked for may be another's by now.
func (k Known) keys(text string) []string {
	keys := []string{Subject(text)}
	for _, text := range slices.Concat(k.IDs, k.DNs) {
		if key := Subject(text); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// about calls each with the intents and refusals that are found by a key, and with the ids of what they are about: see readAbout. What was
// done to what the bridge itself keeps is about nobody.
func about(ctx context.Context, s *store.Store, key string, each func(p *payload, ids []string)) error {
	type found struct {
		p   *payload
		ids []string
	}
	var last ID
	for {
		var some []found
		more := false
		at := last
		if err := s.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
			some, more, at = nil, false, last
			rows, err := tx.QueryContext(ctx, `SELECT i.writer, i.seq, i.payload, (SELECT r.payload FROM journal_records r
					WHERE r.kind = 'receipt' AND r.of_writer = i.writer AND r.of_seq = i.seq ORDER BY r.time DESC LIMIT 1)
				FROM journal_subjects s JOIN journal_records i ON i.writer = s.writer AND i.seq = s.seq
				WHERE s.subject = $1 AND i.kind <> 'act' AND (s.writer, s.seq) > ($2, $3) ORDER BY s.writer, s.seq LIMIT $4`,
				key, last.Writer, last.Seq, pageSize)
			if err != nil {
				return err
			}
			defer rows.Close()
			for n, octets := 0, 0; !more && rows.Next(); {
				var stored, receipt []byte
				if err := rows.Scan(&at.Writer, &at.Seq, &stored, &receipt); err != nil {
					return err
				}
				n, octets = n+1, octets+len(stored)+len(receipt)
				more = n == pageSize || octets >= pageOctets
				if p, ids, err := readAbout(stored, receipt); err == nil {
					some = append(some, found{p, ids})
				}
			}
			return rows.Err()
		}); err != nil {
			return err
		}
		for _, f := range some {
			each(f.p, f.ids)
		}
		if last = at; !more {
			return nil
		}
	}
}

var errForgotten = errors.New("it is forgotten")

// readAbout reads an intent, and the ids of what it is about: a new entry has its own from the receipt, and one that an undo adds again has
// another than before.
func readAbout(stored, receipt []byte) (p *payload, ids []string, err error) {
	if stored == nil {
		return nil, nil, errForgotten
	}
	if p, err = decode(stored); err != nil {
		return nil, nil, err
	}
	if p.ID != "" {
		ids = append(ids, p.ID)
	}
	if receipt == nil || p.ID != "" && p.Why != Undo && p.Why != UndoneInPart {
		return p, ids, nil
	}
	done, err := decode(receipt)
	if err == nil && done.ID != "" && done.ID != p.ID {
		ids = append(ids, done.ID)
	}
	return p, ids, err
}
