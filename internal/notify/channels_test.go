package notify_test

import (
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/notify"
)

// Each message goes to whoever sends its channel, and one that nobody sends is given up.
func TestChannels(t *testing.T) {
	mail, texts := &notify.Capture{}, &notify.Capture{}
	both := notify.Channels{Mail: mail, SMS: texts}
	for _, channel := range []string{"", notify.Mail, notify.SMS} {
		if err := both.Send(t.Context(), notify.Message{Channel: channel}); err != nil {
			t.Errorf("%q: %v", channel, err)
		}
	}
	if len(mail.List()) != 2 || len(texts.List()) != 1 || texts.List()[0].Channel != notify.SMS {
		t.Errorf("%d mails, %d texts", len(mail.List()), len(texts.List()))
	}
	for _, c := range []struct {
		to      notify.Channels
		channel string
	}{{both, "pigeon"}, {notify.Channels{Mail: mail}, notify.SMS}, {notify.Channels{}, notify.Mail}} {
		if err := c.to.Send(t.Context(), notify.Message{Channel: c.channel}); !errors.Is(err, notify.ErrPermanent) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
