package gatehouse

import (
	"context"

	"github.com/gatehouse-id/gatehouse/internal/ephemeral"
	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// counting is where attempts are counted. The machines of a house share what is far, and its keys
// are hidden under one of theirs.
type counting struct {
	ephemeral.Store
	shared *ephemeral.Shared // nil without a server for counters
	table  *throttle.SQL     // nil where the database does not count
}

func (c *Config) counting() *counting {
	key := secret.MAC(c.MasterKey, []byte("counters"))
	if far, ok := c.Ephemeral.(ephemeral.Remote); ok {
		s := ephemeral.Share(far, c.Now)
		s.Key, s.Log = key, c.Logger
		return &counting{Store: s, shared: s}
	}
	if c.Ephemeral != nil {
		return &counting{Store: c.Ephemeral}
	}
	memory := ephemeral.Memory(c.Now)
	if c.DB.Engine() == "sqlite" { // one machine
		return &counting{Store: memory}
	}
	table := &throttle.SQL{DB: c.DB, Now: c.Now, Key: key}
	return &counting{Store: ephemeral.Apart(table, memory), table: table}
}

// sweep removes what is over; a server for counters does it by itself.
func (c *counting) sweep(ctx context.Context) error {
	if c.table == nil {
		return nil
	}
	return c.table.Sweep(ctx)
}
