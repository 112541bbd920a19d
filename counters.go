package gatehouse

// Counters is what this process has done since it started. Several processes on one
// database count each for itself.
type Counters struct {
	PasswordHashes uint64 // computed, by new passwords and by attempts to sign in
	TokensIssued   int64  // access tokens
	MailsSent      int64
	MailsFailed    int64 // attempts that are made again later
	MailsDropped   int64 // given up: expired, or refused for good
	// Of webhooks: accepted, failed and made again later, given up.
	WebhooksDelivered, WebhooksRetried, WebhooksDropped int64
	CountersFailed                                      int64            // questions to the server for counters that were in vain
	CountersDown                                        bool             // it does not answer; false where there is none
	Events                                              map[string]int64 // recorded, by their type
}

// Counters returns the counters of the house as they are now.
func (g *Gate) Counters() Counters {
	c := Counters{
		PasswordHashes: g.hasher.Hashes(), TokensIssued: g.Tokens.Issued(),
		MailsSent: g.outbox.Sent(), MailsFailed: g.outbox.Failed(), MailsDropped: g.outbox.Dropped(),
		WebhooksDelivered: g.Webhooks.Delivered(), WebhooksRetried: g.Webhooks.Retried(), WebhooksDropped: g.Webhooks.Dropped(),
		Events: g.Log.Counts(),
	}
	if s := g.counting.shared; s != nil {
		c.CountersFailed, c.CountersDown = s.Failures(), s.Down()
	}
	return c
}
