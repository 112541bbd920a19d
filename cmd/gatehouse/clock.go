package main

import (
	"sync/atomic"
	"time"
)

// A clock tells the time, some while ahead of the machine's or behind it. The zero clock is
// right.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(c.offset()) }

func (c *clock) offset() time.Duration { return time.Duration(c.ahead.Load()) }

func (c *clock) set(ahead time.Duration) { c.ahead.Store(int64(ahead)) }
