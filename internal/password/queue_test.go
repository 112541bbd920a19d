package password_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/password"
)

func occupy(t *testing.T, take func(context.Context) (func(), error)) (leave func()) {
	t.Helper()
	leave, err := take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return leave
}

// start hashes in the background and tells the error once it is done.
func start(ctx context.Context, h *password.Hasher) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := h.Hash(ctx, "correct horse")
		done <- err
	}()
	synctest.Wait()
	return done
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.Hasher{Params: cheap, Parallel: 2, Queue: 1, Wait: 7 * time.Second}
		a, b := occupy(t, h.Occupy), occupy(t, h.Occupy)
		waiting := start(t.Context(), &h)
		if h.Hashes() != 0 {
			t.Fatal("a third hash ran beside two")
		}
		_, err := h.Verify(t.Context(), "", "correct horse")
		var busy *identity.Error
		if !errors.As(err, &busy) || busy.Kind != identity.Unavailable || busy.RetryAfter != 7*time.Second {
			t.Fatalf("beyond the queue: %v", err)
		}
		a()
		if err := <-waiting; err != nil || h.Hashes() != 1 {
			t.Fatalf("waiting hash: %v, %d hashes", err, h.Hashes())
		}
		b()
	})
}

func TestWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.Hasher{Params: cheap, Parallel: 1}
		leave := occupy(t, h.Occupy)
		began := time.Now()
		if err := <-start(t.Context(), &h); !errors.Is(err, identity.ErrUnavailable) {
			t.Fatalf("after the wait: %v", err)
		}
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("waited %s", waited)
		}
		leave()
		if err := <-start(t.Context(), &h); err != nil {
			t.Errorf("once free: %v", err)
		}
	})
}

func TestCancellationLeavesNoPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.Hasher{Params: cheap, Parallel: 1, Queue: 1}
		leave := occupy(t, h.Occupy)
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			waiting := start(ctx, &h)
			cancel()
			if err := <-waiting; !errors.Is(err, context.Canceled) {
				t.Fatalf("cancelled: %v", err)
			}
			if err := <-start(ctx, &h); !errors.Is(err, context.Canceled) {
				t.Fatalf("cancelled before: %v", err)
			}
		}
		waiting := start(t.Context(), &h)
		leave()
		if err := <-waiting; err != nil || h.Hashes() != 1 {
			t.Errorf("after three cancellations: %v, %d hashes", err, h.Hashes())
		}
	})
}

// Imports of more memory than a current hash go one at a time, and hold up nobody else.
func TestLargeHashesGoOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := password.Hasher{Params: cheap, Parallel: 4}
		leave := occupy(t, h.OccupyLarge)
		done := make(chan error, 1)
		go func() {
			_, err := h.Verify(t.Context(), argon2id2, phrase)
			done <- err
		}()
		synctest.Wait()
		if h.Hashes() != 0 {
			t.Fatal("two large hashes ran at once")
		}
		if err := <-start(t.Context(), &h); err != nil {
			t.Errorf("a current hash beside them: %v", err)
		}
		leave()
		if err := <-done; err != nil || h.Hashes() != 2 {
			t.Errorf("large hash: %v, %d hashes", err, h.Hashes())
		}
	})
}

// However many processors there are, hashes of 256 MiB may use 1 GiB together.
func TestDefaultParallelIsBoundedByMemory(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(64))
	synctest.Test(t, func(t *testing.T) {
		h := password.Hasher{Params: password.Params{Memory: 256 << 10}}
		for range 4 {
			defer occupy(t, h.Occupy)()
		}
		if _, err := h.Occupy(t.Context()); !errors.Is(err, identity.ErrUnavailable) {
			t.Errorf("a fifth place: %v", err)
		}
	})
}
