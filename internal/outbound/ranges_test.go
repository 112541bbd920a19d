package outbound_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/internal/outbound"
)

const aRange = "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n011053FD0102E94D6AE2F8B83D76FAF94F6:0\r\n"

// ranges returns a service that answers as it is told to, and how often it was asked.
func ranges(t *testing.T, answer http.HandlerFunc) (*outbound.Ranges, *atomic.Int32) {
	asked := &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return &outbound.Ranges{URL: s.URL, Loopback: true}, asked
}

// A range is asked for with padding, by five digits (PWD-09).
func TestRange(t *testing.T) {
	service, _ := ranges(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/range/5BAA6" || r.Header.Get("Add-Padding") != "true" {
			t.Errorf("%s %v", r.URL, r.Header)
		}
		_, _ = w.Write([]byte(aRange))
	})
	if text, err := service.Get(t.Context(), "5BAA6"); err != nil || string(text) != aRange || service.State() != nil {
		t.Errorf("%q, %v, %v", text, err, service.State())
	}
}

// Whatever a service does instead of answering costs one request its patience, and no other one
// (BUG-32).
func TestDeadRanges(t *testing.T) {
	for what, answer := range map[string]http.HandlerFunc{
		"fails":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"leads away":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) },
		"is without end": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(strings.Repeat(aRange, 20_000))) },
		"is silent":      func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"shows a page": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("<html>sign in to this network</html>"))
		},
		"stops half way": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(aRange))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			service, asked := ranges(t, answer)
			for range 3 {
				if text, err := service.Get(t.Context(), "5BAA6"); err == nil {
					t.Errorf("%d bytes", len(text))
				}
			}
			if asked.Load() != 1 || service.State() == nil {
				t.Errorf("asked %d times, %v", asked.Load(), service.State())
			}
		})
	}
}

// Threat: whoever hangs up while their password is looked up would switch the look-up off for all.
func TestCallerHangsUp(t *testing.T) {
	ctx, hangUp := context.WithCancel(t.Context())
	first := true
	service, _ := ranges(t, func(w http.ResponseWriter, r *http.Request) {
		if first {
			first = false
			hangUp()
			<-r.Context().Done()
		}
		_, _ = w.Write([]byte(aRange))
	})
	if _, err := service.Get(ctx, "5BAA6"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := service.Get(t.Context(), "5BAA6"); err != nil || service.State() != nil {
		t.Errorf("another caller: %v, %v", err, service.State())
	}
}

// A service that failed is told of once, until it answers again, and is asked again after a pause.
func TestRangesComeBack(t *testing.T) {
	var fails atomic.Bool
	service, _ := ranges(t, func(w http.ResponseWriter, _ *http.Request) {
		if fails.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = w.Write([]byte(aRange))
	})
	now, told := time.Unix(1_700_000_000, 0), 0
	service.Now, service.Failed = func() time.Time { return now }, func(error) { told++ }
	fails.Store(true)
	for range 3 {
		_, _ = service.Get(t.Context(), "5BAA6")
		now = now.Add(time.Minute)
	}
	if told != 1 || service.State() == nil {
		t.Errorf("told %d times, %v: it has not answered yet", told, service.State())
	}
	fails.Store(false)
	if _, err := service.Get(t.Context(), "5BAA6"); err != nil || service.State() != nil {
		t.Errorf("%v, %v", err, service.State())
	}
}
