package bridge

// Succeed takes over from the bridge whose place it takes what it remembers: what creates left, of what a look is owed, and that plans were
// sent. Where both serve the same map by the same guard from the same directory.Client, it takes over how that fits, and the places of
// lists, as well; a cursor names its place by itself. It is to be called before it serves anything.
func (b *Bridge) Succeed(before *Bridge, same bool) {
	before.mu.Lock()
	fits := before.fit
	before.mu.Unlock()
	b.mu.Lock() // it may be fitting still
	defer b.mu.Unlock()
	b.unfinished, b.owed, b.written = before.unfinished, before.owed, before.written
	if same {
		b.snapshots, b.fit = before.snapshots, fits
		b.follows.Store(before.follows.Load())
	}
}
