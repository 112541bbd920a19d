package notify

import (
	"net/url"
	"strings"
)

// SMS is the channel of text messages.
const SMS = "sms"

// RenderText writes a text message with a code. Its last line lets phones fill the code in on
// our own pages only (WICG, Origin-bound one-time codes delivered via SMS).
func RenderText(f Facts, to string) Message {
	words := speak(f.Language).Text
	m := Message{Channel: SMS, To: to, Code: f.Code, Links: []string{}}
	m.Text = strings.NewReplacer("{code}", f.Code, "{product}", f.Product).Replace(words)
	if u, err := url.Parse(f.Link); err == nil && u.Hostname() != "" {
		m.Text += "\n\n@" + u.Hostname() + " #" + f.Code
	}
	return m
}
