package sqldb

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/gatehouse-id/gatehouse/identity"
)

// Cursor returns where a page that is ordered by (at, id) ended, as an opaque text.
func Cursor(at int64, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at, 10) + " " + id))
}

// Page reads where a page begins and how long it may be: after the cursor, "" from the newest,
// and at most 200 long, 50 where limit is 0. A malformed cursor is identity.ErrInvalid.
func Page(cursor string, limit int) (at int64, id string, most int, err error) {
	at, id, most = 1<<62, "~", min(limit, 200)
	if most <= 0 {
		most = 50
	}
	if cursor != "" {
		at, id, err = ParseCursor(cursor)
	}
	return at, id, most, err
}

// ParseCursor reads what Cursor wrote. Anything else is identity.ErrInvalid, and so is an id
// that is not of printable ASCII: PostgreSQL would fail on it.
func ParseCursor(cursor string) (at int64, id string, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		number, rest, found := strings.Cut(string(text), " ")
		if at, err = strconv.ParseInt(number, 10, 64); err == nil && found && !strings.ContainsFunc(rest, unprintable) {
			return at, rest, nil
		}
	}
	return 0, "", identity.ErrInvalid.With("cursor", "is not a cursor of ours")
}

func unprintable(r rune) bool { return r < ' ' || r > '~' }
