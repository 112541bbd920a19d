package risk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// fileMost bounds a file, in bytes: the largest that there are have a third of that.
const fileMost = 512 << 20

var errLarge = errors.New("is larger than 512 MB")

// A file is what was read from a file of the operator, and is read anew when that changes. It is
// kept in memory as a whole. Threat: one that is mapped into memory and cut short by whoever
// replaces it would end the program.
type file[T any] struct {
	name string
	read func([]byte) (T, error)

	mu      sync.Mutex
	changed time.Time // of the one that was looked at last
	size    int64
	content atomic.Pointer[T]
}

// value is what was read last, the zero T if nothing could be.
func (f *file[T]) value() (v T) {
	if p := f.content.Load(); p != nil {
		return *p
	}
	return v
}

// reload reads the file if it is another one than the one that was looked at last.
func (f *file[T]) reload() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.name)
	if err != nil {
		return err
	}
	if info.ModTime().Equal(f.changed) && info.Size() == f.size {
		return nil
	}
	f.changed, f.size = info.ModTime(), info.Size()
	text, err := readAll(f.name)
	if err != nil {
		return err
	}
	v, err := f.read(text)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	f.content.Store(&v)
	return nil
}

func readAll(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, fileMost+1))
	if err == nil && len(text) > fileMost {
		err = fmt.Errorf("%s %w", name, errLarge)
	}
	return text, err
}
