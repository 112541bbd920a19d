package breach_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/internal/breach"
)

// password is 5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8, the example of the service's documentation.
const padded = "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n1E4C9B93F3F0682250B6CF8331B7EE68FD8:10434004\r\n011053FD0102E94D6AE2F8B83D76FAF94F6:0\r\n"

// What is asked for is five digits, and what comes back is compared here; lines that only hide the
// length count as none (PWD-09, BUG-32).
func TestRange(t *testing.T) {
	d := breach.Of("password")
	if d.Prefix() != "5BAA6" {
		t.Errorf("asks for %s", d.Prefix())
	}
	for _, c := range []struct {
		what, text string
		found      bool
		err        error
	}{
		{"among others", padded, true, nil},
		{"only as padding", strings.Replace(padded, "10434004", "0", 1), false, nil},
		{"not", "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n", false, nil},
		{"in small letters", strings.ToLower(padded), true, nil},
		{"an empty range", "", false, nil},
		{"a page", "<html>busy</html>", false, breach.ErrRange},
		{"no count", "1E4C9B93F3F0682250B6CF8331B7EE68FD8\r\n", false, breach.ErrRange},
		{"a count that is none", "1E4C9B93F3F0682250B6CF8331B7EE68FD8:many\r\n", false, breach.ErrRange},
		{"a line that is cut off", padded + "1E4C9B93", false, breach.ErrRange},
	} {
		if found, err := breach.In([]byte(c.text), d); found != c.found || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v", c.what, found, err)
		}
	}
}

// The file is asked first, the service for what it does not know, and neither is no fault.
func TestChecker(t *testing.T) {
	filter, err := breach.Build([]uint64{breach.Key(breach.Of("letmein"))})
	if err != nil {
		t.Fatal(err)
	}
	down := errors.New("down")
	fetch := func(text string, err error) func(context.Context, string) ([]byte, error) {
		return func(_ context.Context, prefix string) ([]byte, error) {
			if len(prefix) != 5 {
				t.Errorf("asked for %s", prefix)
			}
			return []byte(text), err
		}
	}
	for _, c := range []struct {
		what, password string
		checker        breach.Checker
		found          bool
		err            error
	}{
		{"nobody asked", "password", breach.Checker{}, false, nil},
		{"in the file", "letmein", breach.Checker{Filter: filter, Fetch: fetch("", down)}, true, nil},
		{"not in the file", "password", breach.Checker{Filter: filter}, false, nil},
		{"at the service", "password", breach.Checker{Filter: filter, Fetch: fetch(padded, nil)}, true, nil},
		{"not at the service", "violet hammer seventeen", breach.Checker{Fetch: fetch("", nil)}, false, nil},
		{"the service is down", "password", breach.Checker{Filter: filter, Fetch: fetch("", down)}, false, down},
		{"the service talks nonsense", "password", breach.Checker{Fetch: fetch("?", nil)}, false, breach.ErrRange},
	} {
		if found, err := c.checker.Check(t.Context(), breach.Of(c.password)); found != c.found || !errors.Is(err, c.err) {
			t.Errorf("%s: %v, %v", c.what, found, err)
		}
	}
}

func filled(t testing.TB, n int) *breach.Filter {
	t.Helper()
	keys := make([]uint64, 0, n)
	for i := range n {
		keys = append(keys, breach.Key(breach.Of(fmt.Sprint("known", i))))
	}
	f, err := breach.Build(append(keys, keys...)) // twice, as lists overlap
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func written(t testing.TB, f *breach.Filter) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(text []byte) (*breach.Filter, error) {
	return breach.Read(bytes.NewReader(text), int64(len(text)))
}

// A filter knows all that was put in and hardly anything else, and is the same when it is read again.
func TestFilter(t *testing.T) {
	for _, n := range []int{0, 1, 2, 1000, 100_000} {
		f, err := read(written(t, filled(t, n)))
		if err != nil || f.Count() != uint64(n) {
			t.Fatalf("%d: %v", n, err)
		}
		for i := range n {
			if !f.Has(breach.Of(fmt.Sprint("known", i))) {
				t.Fatalf("of %d it does not know number %d", n, i)
			}
		}
		wrong := 0
		for i := range 100_000 {
			if f.Has(breach.Of(fmt.Sprint("unknown", i))) {
				wrong++
			}
		}
		if wrong > 20 || n == 0 && wrong > 0 { // 1.5 are expected
			t.Errorf("%d: it claims to know %d of 100,000 that it does not", n, wrong)
		}
	}
	if size := len(written(t, filled(t, 100_000))); size > 100_000*20/8 {
		t.Errorf("%d bytes for 100,000", size)
	}
}

// A file that was cut off, changed or is of somebody who means ill is refused, and never read beyond.
func TestBrokenFile(t *testing.T) {
	whole := written(t, filled(t, 1000))
	for _, n := range []int{0, 1, 47, len(whole) / 2, len(whole) - 1} {
		if _, err := read(whole[:n]); !errors.Is(err, breach.ErrFile) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	for i := range len(whole) {
		changed := bytes.Clone(whole)
		changed[i] ^= 0x40
		if _, err := read(changed); !errors.Is(err, breach.ErrFile) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
	}
	for at := 8; at < 52; at += 4 { // whoever means ill also mends the sum
		for _, value := range []uint32{0, 1, 3, 1 << 20, 1<<32 - 1} {
			changed := bytes.Clone(whole[:len(whole)-sha256.Size])
			binary.LittleEndian.PutUint32(changed[at:], value)
			sum := sha256.Sum256(changed)
			if f, err := read(append(changed, sum[:]...)); err == nil {
				for i := range 1000 {
					f.Has(breach.Of(fmt.Sprint("any", i))) // must not leave the file
				}
			}
		}
	}
}

// A length that is told is not believed, and what is no file is none.
func TestFileOfAnotherLength(t *testing.T) {
	whole := written(t, filled(t, 1000))
	for _, size := range []int64{-1, 0, int64(len(whole)) - 1, int64(len(whole)) + 1, breach.Longest + 1} {
		if _, err := breach.Read(bytes.NewReader(whole), size); !errors.Is(err, breach.ErrFile) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	for _, name := range []string{t.TempDir(), os.DevNull} {
		if _, err := breach.Open(name); !errors.Is(err, breach.ErrFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, filled(f, 10)))
	f.Add([]byte("ghbreach"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		sum := sha256.Sum256(text)
		if filter, err := read(append(bytes.Clone(text), sum[:]...)); err == nil {
			filter.Has(breach.Of("any"))
		}
	})
}

func FuzzIn(f *testing.F) {
	f.Add([]byte(padded))
	f.Fuzz(func(t *testing.T, text []byte) {
		d := breach.Of("password")
		if found, err := breach.In(text, d); found && (err != nil || !bytes.Contains(bytes.ToUpper(text), []byte("1E4C9B93F3F0682250B6CF8331B7EE68FD8"))) {
			t.Errorf("%q", text)
		}
	})
}

func FuzzReadList(f *testing.F) {
	f.Add([]byte("5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:10434004\r\n"), uint64(1))
	f.Add([]byte("8846F7EAEE8FB117AD06BDD830B7586C:10\n"), uint64(0))
	f.Fuzz(func(t *testing.T, text []byte, least uint64) {
		lines := bytes.Count(text, []byte("\n")) + 1
		if err := breach.ReadList(bytes.NewReader(text), least, func(breach.Digest) { lines-- }); lines < 0 {
			t.Errorf("more digests than lines, %v", err)
		}
	})
}

func BenchmarkIn(b *testing.B) {
	text, d := []byte(strings.Repeat("0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n", 1000)), breach.Of("password")
	for b.Loop() {
		if _, err := breach.In(text, d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHas(b *testing.B) {
	f, d := filled(b, 100_000), breach.Of("password")
	for b.Loop() {
		f.Has(d)
	}
}
