package gatehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gatehouse-id/gatehouse/internal/secret"
	"github.com/gatehouse-id/gatehouse/internal/sqldb/schema"
	"github.com/gatehouse-id/gatehouse/keyring"
)

// MasterKeyFile reads the master key from a file that only its owner may read. Where there
// is none it makes one, unless the database already has keys: those would be lost, and the
// file must be restored.
func MasterKeyFile(ctx context.Context, db *Database, path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return newMasterKey(ctx, db, path)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("master key: %s can be read by others than its owner; run: chmod 600 %s", path, path)
	}
	if len(key) != secret.Size {
		return nil, fmt.Errorf("master key: %s has %d bytes, not %d; restore it from a backup", path, len(key), secret.Size)
	}
	return key, nil
}

func newMasterKey(ctx context.Context, db *Database, path string) ([]byte, error) {
	if err := db.Migrate(ctx, schema.Files); err != nil {
		return nil, err
	}
	used, err := keyring.Exist(ctx, db)
	if err != nil {
		return nil, err
	}
	if used {
		return nil, fmt.Errorf("master key: %s is missing, but the database has keys that were sealed with it; restore the file", path)
	}
	key := secret.Bytes(secret.Size)
	if err := writeKey(path, key); err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	return key, nil
}

// writeKey makes the file, whole or not at all, and durable before anything is sealed with
// the key in it. A link fails where another process was faster; a rename would replace its
// key.
func writeKey(path string, key []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".master.key-*") // for its owner only
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(key)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
