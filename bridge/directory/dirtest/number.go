package dirtest

import (
	"os"
	"strconv"
	"testing"
)

// Number is how much of something a test has: what the environment says, or otherwise, which is a short form of the test.
func Number(t testing.TB, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}
