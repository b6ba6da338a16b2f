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
	IDs   []string // of all that had the id, name or DN that was looked for
	Names []string // that these had
	DNs   []string // that their entries had
}

// Who finds out of a person or a group by id, name or DN the other two: from the records that are about them.
func Who(ctx context.Context, s *store.Store, text string) (known Known, err error) {
	add := func(list *[]string, text string) {
		if text != "" && !slices.ContainsFunc(*list, func(had string) bool { return Subject(had) == Subject(text) }) {
			*list = append(*list, text)
		}
	}
	key := Subject(text)
	err = about(ctx, s, key, func(p *payload, id string) {
		its := append(p.newDNs(), id, p.Name, p.DN)
		if slices.ContainsFunc(its, func(text string) bool { return Subject(text) == key }) {
			add(&known.IDs, id)
		}
	})
	for _, id := range known.IDs {
		if err == nil {
			err = about(ctx, s, Subject(id), func(p *payload, found string) {
				if Subject(found) != Subject(id) {
					return
				}
				add(&known.Names, p.Name)
				add(&known.DNs, p.DN)
				for _, dn := range p.newDNs() {
					add(&known.DNs, dn)
				}
			})
		}
	}
	return known, err
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

// about calls each with the intents and refusals that are found by a key, and with the id of what they are about: a new entry has it from
// the receipt. What was done to what the bridge itself keeps is about nobody.
func about(ctx context.Context, s *store.Store, key string, each func(p *payload, id string)) error {
	type found struct {
		p  *payload
		id string
	}
	var last ID
	for {
		var some []found
		n := 0
		at := last
		if err := s.View(ctx, func(ctx context.Context, tx *sql.Tx) error {
			some, n, at = nil, 0, last
			rows, err := tx.QueryContext(ctx, `SELECT i.writer, i.seq, i.payload, (SELECT r.payload FROM journal_records r
					WHERE r.kind = 'receipt' AND r.of_writer = i.writer AND r.of_seq = i.seq ORDER BY r.time DESC LIMIT 1)
				FROM journal_subjects s JOIN journal_records i ON i.writer = s.writer AND i.seq = s.seq
				WHERE s.subject = $1 AND i.kind <> 'act' AND (s.writer, s.seq) > ($2, $3) ORDER BY s.writer, s.seq LIMIT $4`,
				key, last.Writer, last.Seq, pageSize)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var stored, receipt []byte
				if err := rows.Scan(&at.Writer, &at.Seq, &stored, &receipt); err != nil {
					return err
				}
				n++
				p, id, err := readAbout(stored, receipt)
				if err == nil && p != nil {
					some = append(some, found{p, id})
				}
			}
			return rows.Err()
		}); err != nil {
			return err
		}
		for _, f := range some {
			each(f.p, f.id)
		}
		if last = at; n < pageSize {
			return nil
		}
	}
}

var errForgotten = errors.New("it is forgotten")

// readAbout reads an intent, and the id of what it is about.
func readAbout(stored, receipt []byte) (p *payload, id string, err error) {
	if stored == nil {
		return nil, "", errForgotten
	}
	if p, err = decode(stored); err != nil || p.ID != "" || receipt == nil {
		return p, p.id(), err
	}
	done, err := decode(receipt)
	return p, done.id(), err
}

func (p *payload) id() string {
	if p == nil {
		return ""
	}
	return p.ID
}
