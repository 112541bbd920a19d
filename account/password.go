package account

import "context"

// PasswordAfter returns the first hash of a password whose beginning, of 40 bytes, sorts behind a
// text; "" if there is none. Whoever goes on behind the make of each hash visits every make there
// is with one look into the index for each.
func (s *Store) PasswordAfter(ctx context.Context, after string) (string, error) {
	var data []byte
	_, err := s.DB.Row(ctx, []any{&data}, `SELECT data FROM credentials WHERE method = 'password' AND substr(data, 1, 40) > $1
		ORDER BY substr(data, 1, 40) LIMIT 1`, []byte(after))
	return string(data), err
}
