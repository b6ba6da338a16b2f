package ldif

import (
	"strconv"
	"strings"
	"time"
)

// The forms in which directories hold time.

// GeneralizedTime writes a time as RFC 4517 §3.3.13 has it.
func GeneralizedTime(at time.Time) string { return at.UTC().Format("20060102150405.999999999Z") }

// ParseGeneralizedTime reads one with seconds, as servers write it.
func ParseGeneralizedTime(v string) (time.Time, bool) {
	v = strings.Replace(v, ",", ".", 1)
	at, err := time.Parse("20060102150405Z0700", v)
	return at, err == nil
}

const (
	ticks      = int64(time.Second / 100) // 100 ns, in a second
	since1601  = int64(11644473600)       // seconds from 1601 to 1970
	fileNever  = "9223372036854775807"    // [MS-ADA1] §2.1: of accountExpires; so is 0
	secondsDay = 24 * 60 * 60
)

// FileTime writes a time as Active Directory counts it: 100 ns since 1601.
func FileTime(at time.Time) string {
	return strconv.FormatInt((at.Unix()+since1601)*ticks+int64(at.Nanosecond()/100), 10)
}

// ParseFileTime reads one; false where it is none, or means never.
func ParseFileTime(v string) (time.Time, bool) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n <= 0 || v == fileNever {
		return time.Time{}, false
	}
	at := time.Unix(n/ticks-since1601, n%ticks*100).UTC()
	return at, at.Year() <= 9999
}

// ShadowDays writes a time as shadow(5) counts it: days since 1970.
func ShadowDays(at time.Time) string {
	seconds := at.Unix()
	days := seconds / secondsDay
	if seconds%secondsDay < 0 {
		days--
	}
	return strconv.FormatInt(days, 10)
}

// ParseShadowDays reads them; false where it is none, or means never.
func ParseShadowDays(v string) (time.Time, bool) {
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 0 {
		return time.Time{}, false
	}
	at := time.Unix(n*secondsDay, 0).UTC()
	return at, at.Year() <= 9999
}
