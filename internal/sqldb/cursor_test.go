package sqldb_test

import (
	"encoding/base64"
	"errors"
	"math"
	"testing"

	"github.com/gatehouse-id/gatehouse/identity"
	"github.com/gatehouse-id/gatehouse/internal/sqldb"
)

func TestCursor(t *testing.T) {
	for _, c := range []struct {
		at int64
		id string
	}{{0, "usr_a"}, {math.MaxInt64, "evt_zzz"}, {-1, "with space"}, {1, ""}} {
		at, id, err := sqldb.ParseCursor(sqldb.Cursor(c.at, c.id))
		if at != c.at || id != c.id || err != nil {
			t.Errorf("%v came back as %d %q, %v", c, at, id, err)
		}
	}
}

func TestParseCursorRefuses(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	for name, cursor := range map[string]string{
		"empty":          "",
		"no base64":      "§",
		"padded":         "MSBh==",
		"no id":          encode([]byte("1")),
		"no number":      encode([]byte("one usr_a")),
		"overflow":       encode([]byte("9223372036854775808 usr_a")),
		"NUL":            encode([]byte("1 usr\x00")), // PostgreSQL refuses both as TEXT
		"no UTF-8":       encode([]byte("1 usr\xff")),
		"two lines":      encode([]byte("1 usr\na")),
		"beyond letters": encode([]byte("1 üsr")),
	} {
		if at, id, err := sqldb.ParseCursor(cursor); !errors.Is(err, identity.ErrInvalid) {
			t.Errorf("%s: %d %q, %v", name, at, id, err)
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add(sqldb.Cursor(1700000000000000, "usr_0123456789abcdef"))
	f.Add("MSB-")
	f.Fuzz(func(t *testing.T, cursor string) {
		at, id, err := sqldb.ParseCursor(cursor)
		if err != nil {
			return
		}
		if at2, id2, err := sqldb.ParseCursor(sqldb.Cursor(at, id)); at2 != at || id2 != id || err != nil {
			t.Errorf("%q is %d %q, and then %d %q, %v", cursor, at, id, at2, id2, err)
		}
	})
}
