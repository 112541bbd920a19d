package notify

import (
	"context"
	"fmt"
)

// Channels hands each message to the Sender of its channel. A channel without one, as all are
// in the zero Channels, is ErrPermanent: a message that nobody will ever send is given up.
type Channels struct{ Mail, SMS Sender }

// Send implements Sender.
func (c Channels) Send(ctx context.Context, m Message) error {
	sender := map[string]Sender{"": c.Mail, Mail: c.Mail, SMS: c.SMS}[m.Channel]
	if sender == nil {
		return fmt.Errorf("nobody sends messages of channel %q: %w", m.Channel, ErrPermanent)
	}
	return sender.Send(ctx, m)
}
