package access

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// NewSound is NewWith for options that are to hold whatever is wrong with them: what is faulty lets nobody in, as in a changed file.
func NewSound(o Options, tokens *Tokens, log *slog.Logger) (*Gate, error) {
	sound, whole := o.sound(tokens != nil)
	return newGate(sound, tokens, whole, log)
}

// sound is o without what a gate would not leave out by itself. whole: that is nothing.
func (o Options) sound(stored bool) (sound Options, whole bool) {
	sound = o
	var tenants, clients []int
	lasting := true
	o.Check(stored, func(path, _ string) {
		var i int
		switch _, key, _ := strings.Cut(path, "]"); {
		case itemOf(path, "entra[%d]", &i):
			tenants = append(tenants, i)
		case itemOf(path, "oauth.clients[%d]", &i) && !strings.HasPrefix(key, ".secretFiles["): // which are read when they are mended
			clients = append(clients, i)
		case path == "oauth.lifetime":
			lasting = false
		}
	})
	sound.Entra = without(o.Entra, tenants)
	if sound.OAuth.Clients = without(o.OAuth.Clients, clients); len(sound.OAuth.Clients) == 0 || !lasting {
		sound.OAuth = OAuthOptions{}
	}
	return sound, lasting && len(tenants)+len(clients) == 0
}

// itemOf reads the number of the item that a path is of.
func itemOf(path, form string, i *int) bool {
	n, _ := fmt.Sscanf(path, form, i)
	return n == 1
}

// without leaves out the items of these numbers; nil where none is left.
func without[T any](items []T, numbers []int) (left []T) {
	for i, item := range items {
		if !slices.Contains(numbers, i) {
			left = append(left, item)
		}
	}
	return left
}
