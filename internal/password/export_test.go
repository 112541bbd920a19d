package password

import "context"

// CalibrateWith is Calibrate with a clock of the test's own.
var CalibrateWith = calibrate

// Occupy takes a place as a hash under way does, until leave is called.
func (h *Hasher) Occupy(ctx context.Context) (leave func(), err error) {
	if err := h.ready(); err != nil {
		return nil, err
	}
	return h.queue.enter(ctx, false)
}

// OccupyLarge is Occupy for a hash that needs more memory than a current one.
func (h *Hasher) OccupyLarge(ctx context.Context) (leave func(), err error) {
	if err := h.ready(); err != nil {
		return nil, err
	}
	return h.queue.enter(ctx, true)
}

// Needs returns the memory in KiB that verifying encoded takes, and the bytes of its salt and key.
func Needs(encoded string) (memory uint64, length int, err error) {
	d, err := decode(encoded)
	if err != nil {
		return 0, 0, err
	}
	return d.memory, len(d.Salt()) + len(d.Key()), nil
}
