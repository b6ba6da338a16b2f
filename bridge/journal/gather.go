package journal

import "time"

// patience is the longest that a transaction is put off for others to share it.
const patience = 5 * time.Millisecond

// gather puts the next transaction off while many writes are under way and few wait for it: what becomes of those shares it then. A
// transaction costs about the same whatever it holds, and sixteen writes at a time that each had two of their own would be about nothing
// else. That it is not put off for much longer than the last one took keeps the whole from waiting for a slow directory; and who is alone,
// or one of two, waits for nobody.
func (l *Ledger) gather() {
	if l.isDue() {
		return
	}
	timer := time.NewTimer(min(5*l.took, l.patience))
	defer timer.Stop()
	for !l.isDue() {
		select {
		case <-l.wake:
		case <-timer.C:
			return
		case <-l.stop:
			return
		}
	}
}

func (l *Ledger) isDue() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) == 0 || len(l.waiting) > 0 || l.isEnough()
}

// isEnough says that it is not worth waiting for more; mu is held. About as many as are under way have yet to come to their intents.
func (l *Ledger) isEnough() bool { return len(l.queue) >= min(2*(l.underWay-1), together) }

// begun counts the intents of a batch as under way, before anybody is told of them: but not of writes that went on without and are over.
func (l *Ledger) begun(b batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range b.ops {
		if o.row.kind == KindIntent && !o.over {
			o.underWay = true
			l.underWay++
		}
	}
}

// over counts a write as under way no more, once it is known what became of it; mu is held.
func (l *Ledger) over(intent *op) {
	if intent == nil {
		return
	}
	if intent.over = true; intent.underWay {
		intent.underWay = false
		l.underWay--
	}
}
