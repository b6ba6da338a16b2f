//go:build !unix

package store

func isReadOnly(error) bool { return false }

func mayWrite(string) error { return nil }

func mayRead(string) error { return nil }
