package main

import "testing"

// TestRestLooksAtWhatItFrees: what a burst left is given back, what pools keep of it with the second look, and what is in use is let be.
func TestRestLooksAtWhatItFrees(t *testing.T) {
	const mega = 1 << 20
	memory, rounds := uint64(20*mega), 0
	kept := []uint64{} // after each round
	r := rest{
		held: func() uint64 { return memory },
		free: func() {
			rounds++
			if len(kept) > 0 {
				memory, kept = kept[0], kept[1:]
			}
		},
	}
	for _, step := range []struct {
		what   string
		memory uint64
		kept   []uint64
		rounds int // of ten looks
	}{
		{"at rest", 20 * mega, nil, 0},
		{"a burst, all of it in pools", 200 * mega, []uint64{196 * mega, 30 * mega}, 2},
		{"more users than rest knows", 70 * mega, nil, 2},
		{"a little more", 74 * mega, nil, 0},
		{"a burst beside them", 150 * mega, []uint64{100 * mega, 70 * mega}, 4},
		{"at rest again", 20 * mega, nil, 0},
		{"as much as before", 70 * mega, []uint64{20 * mega}, 1},
	} {
		memory, kept, rounds = step.memory, step.kept, 0
		for range 10 {
			r.look()
		}
		if rounds != step.rounds {
			t.Errorf("%s: %d rounds, want %d", step.what, rounds, step.rounds)
		}
	}
}
