package store

import "time"

func init() { pause = 100 * time.Millisecond }
