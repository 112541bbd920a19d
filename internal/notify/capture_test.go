package notify_test

import (
	"fmt"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/notify"
)

func TestCapture(t *testing.T) {
	c := &clock{now: start}
	capture := &notify.Capture{Now: c.Now}
	for i := range 201 {
		if err := capture.Send(t.Context(), message(fmt.Sprintf("%d@example.com", i))); err != nil {
			t.Fatal(err)
		}
		c.advance(1)
	}
	list := capture.List()
	if len(list) != 200 || list[0].To != "200@example.com" || list[199].To != "1@example.com" {
		t.Fatalf("kept %d messages, from %s to %s", len(list), list[0].To, list[len(list)-1].To)
	}
	if !list[0].At.After(list[1].At) || list[0].At.Year() != 2026 {
		t.Errorf("captured at %v, %v", list[0].At, list[1].At)
	}
	capture.Clear()
	if n := len(capture.List()); n != 0 {
		t.Errorf("%d messages after Clear", n)
	}
}
