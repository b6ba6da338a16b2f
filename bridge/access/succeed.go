package access

// Succeed takes over from the gate whose place it takes what it knows of callers and of issuers: failed attempts, tokens fetched, keys, and
// the store's tokens. What that verified is verified again, by what is configured now. It is to be called before it lets anybody in.
func (g *Gate) Succeed(before *Gate) {
	g.attempts = before.attempts
	if g.stored != nil && before.stored != nil {
		g.stored = before.stored
	}
	g.rings.client = before.rings.client // with its connections
	for _, k := range g.rings.all {
		for _, old := range before.rings.all {
			if k.issuer == old.issuer && k.discovery == old.discovery {
				k.succeed(old)
			}
		}
	}
}

func (k *keyring) succeed(old *keyring) {
	old.mu.Lock()
	defer old.mu.Unlock()
	k.keys, k.read, k.tried = old.keys, old.read, old.tried
}
