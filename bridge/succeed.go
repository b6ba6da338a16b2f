package bridge

// Succeed takes over from the bridge whose place it takes what it remembers: what creates left, and that plans were sent. Where both serve
// the same map by the same guard from the same directory.Client, it takes over how that fits, and the places of lists, as well; a cursor
// names its place by itself. It is to be called before it serves anything.
func (b *Bridge) Succeed(before *Bridge, same bool) {
	b.unfinished, b.written = before.unfinished, before.written
	if !same {
		return
	}
	b.snapshots = before.snapshots
	b.follows.Store(before.follows.Load())
	before.mu.Lock()
	defer before.mu.Unlock()
	b.fit = before.fit
}
