package examples_test

import (
	"bufio"
	"io"
	"net"
	"testing"
)

// echoed starts a directory that passes searches on to another once, and then says again what that answered, for which it allocates
// nothing. It is sent nothing that changes the other. It returns its URL.
func echoed(tb testing.TB, address string) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { ln.Close() })
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			other, err := net.Dial("tcp", address)
			if err != nil {
				client.Close()
				return
			}
			go echo(client, other)
		}
	}()
	return "ldap://" + ln.Addr().String()
}

// The operations that an echo tells apart (RFC 4511 §4).
const (
	unbindRequest    = 0x42
	searchRequest    = 0x63
	searchResultDone = 0x65
	abandonRequest   = 0x50
)

func echo(client, other net.Conn) {
	defer client.Close()
	defer other.Close()
	asked, answered := bufio.NewReader(client), bufio.NewReader(other)
	known := map[string][][]byte{} // what follows the message ids of an answer, by what follows that of the request
	var request, answer, sent []byte
	for {
		id, operation, err := message(asked, &request)
		if err != nil || operation[0] == unbindRequest {
			return
		}
		if operation[0] == abandonRequest {
			continue
		}
		parts := known[string(operation)]
		if parts == nil {
			if _, err := other.Write(request); err != nil {
				return
			}
			for done := false; !done; {
				_, part, err := message(answered, &answer)
				if err != nil {
					return
				}
				parts = append(parts, append([]byte(nil), part...))
				done = operation[0] != searchRequest || part[0] == searchResultDone
			}
			if operation[0] == searchRequest {
				known[string(operation)] = parts
			}
		}
		sent = sent[:0]
		for _, part := range parts {
			length := len(id) + len(part)
			sent = append(append(append(sent, 0x30, 0x83, byte(length>>16), byte(length>>8), byte(length)), id...), part...)
		}
		if _, err := client.Write(sent); err != nil {
			return
		}
	}
}

// message reads an LDAPMessage: its id with tag and length, and what follows it.
func message(r *bufio.Reader, into *[]byte) (id, rest []byte, err error) {
	head, err := r.Peek(2)
	if err != nil {
		return nil, nil, err
	}
	start, length := 2, int(head[1])
	if length >= 0x80 {
		start += length - 0x80
		if head, err = r.Peek(start); err != nil {
			return nil, nil, err
		}
		length = 0
		for _, octet := range head[2:start] {
			length = length<<8 | int(octet)
		}
	}
	if *into = (*into)[:0]; cap(*into) < start+length {
		*into = make([]byte, 0, start+length)
	}
	*into = (*into)[:start+length]
	if _, err := io.ReadFull(r, *into); err != nil {
		return nil, nil, err
	}
	body := (*into)[start:]
	end := 2 + int(body[1])
	return body[:end], body[end:], nil
}
