// Package notify tells people things: it renders mails, keeps them in the outbox until
// they have left, and hands them to an SMTP server.
//
// It owns the table outbox, the wording and the look. It does not know why a mail is sent,
// nor where its links lead. Mails are RFC 5322 and leave by SMTP (RFC 5321) over TLS
// (RFC 3207, RFC 8314).
//
// A mail is queued in the transaction of what it tells about and leaves afterwards, so that
// nothing is told that did not happen, nothing is lost in a crash, and nobody waits for a
// mail server (BUG-21).
package notify

import (
	"context"
	"errors"

	"github.com/gatehouse-id/gatehouse/identity"
)

// Mail is the channel of e-mails, and what an empty channel means.
const Mail = "mail"

// Nobody is the channel of what goes through the outbox like a message and is thrown away in the
// end. Threat: on the disk, and in the worker that the next request waits for, an address that gets
// a mail would cost more than one that gets none, and by that tell that somebody has it (BUG-21).
const Nobody = "nobody"

// A Message is what one person is sent. It may carry secrets: it is never logged.
type Message struct {
	ID      identity.MailID `json:"id"` // set by Queue; the same at every attempt
	Channel string          `json:"channel"`
	To      string          `json:"to"`
	Subject string          `json:"subject"`
	Text    string          `json:"text"`
	HTML    string          `json:"html"` // empty: there is only the text
	Links   []string        `json:"links"`
	Code    string          `json:"code"` // empty: none
}

// A Sender hands a message over to whoever delivers it, and gives up when ctx ends. An
// error that is ErrPermanent means that no other attempt will do better. The texts of its
// errors are logged, so they hold nothing of the message.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// ErrPermanent marks the refusal of a message that will never be accepted.
var ErrPermanent = errors.New("refused for good")
