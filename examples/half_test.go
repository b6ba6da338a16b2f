package examples_test

import (
	"math/rand/v2"
	"testing"
)

// half are every other one of many cases: those of one run are not those of another.
func half[T any](t *testing.T, all []T) (some []T) {
	for n := rand.New(rand.NewPCG(seed(t), 0)).IntN(2); n < len(all); n += 2 {
		some = append(some, all[n])
	}
	return some
}
