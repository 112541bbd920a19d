package throttle_test

import (
	"errors"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/throttle"
)

// One address has an eighth of the places, IPv6 by its network, so that others find some whatever it
// holds; this machine may have all of them; and each place is given back.
func TestCrowd(t *testing.T) {
	c := &throttle.Crowd{Most: 16}
	for _, s := range []struct {
		ips  []string
		fits int
	}{
		{[]string{"192.0.2.1"}, 2},
		{[]string{"2001:db8::1", "2001:db8::2"}, 2},
		{[]string{"127.0.0.1"}, 16},
		{[]string{"::1", "127.0.0.2"}, 16},
		{[]string{"::ffff:127.0.0.1"}, 16},
		{[]string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}, 6},
	} {
		for range 2 { // all are there again
			var inside []func()
			for i := range s.fits {
				leave, err := c.Enter(s.ips[i%len(s.ips)])
				if err != nil {
					t.Fatalf("%v: number %d: %v", s.ips, i+1, err)
				}
				inside = append(inside, leave)
			}
			var e *identity.Error
			if _, err := c.Enter(s.ips[0]); !errors.Is(err, identity.ErrUnavailable) || !errors.As(err, &e) || e.RetryAfter == 0 {
				t.Errorf("%v: one more than %d: %v", s.ips, s.fits, err)
			}
			if leave, err := c.Enter("198.51.100.1"); s.fits < 16 && err != nil {
				t.Errorf("%v: another address finds no place", s.ips)
			} else if err == nil {
				leave()
			}
			for _, leave := range inside {
				leave()
			}
		}
	}
}
