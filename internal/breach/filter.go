package breach

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/FastFilter/xorfilter"
)

// A Filter knows digests by 18 bits each: a binary fuse filter (Graf and Lemire, 2022) with
// fingerprints of 16 bits. It knows all that were put in, and one in 65,536 that were not.
type Filter struct {
	fuse  xorfilter.BinaryFuse[uint16]
	count uint64
}

// Count returns how many digests were put in.
func (f *Filter) Count() uint64 { return f.count }

// Has reports whether a digest was put in.
func (f *Filter) Has(d Digest) bool { return f.count > 0 && f.fuse.Contains(d.key()) }

// A file is magic, header, fingerprints and the SHA-256 of all three, little-endian throughout.
var magic = [8]byte{'g', 'h', 'b', 'r', 'e', 'a', 'c', 'h'}

const (
	version = 1
	portion = 32 << 10 // fingerprints that are read or written together
)

type header struct {
	Magic              [8]byte
	Version            uint32
	SegmentLength      uint32
	SegmentLengthMask  uint32
	SegmentCount       uint32
	SegmentCountLength uint32
	Fingerprints       uint32
	Seed               uint64
	Count              uint64
}

// Longest is how long a file may be that is read: more is refused before it fills the memory.
const Longest = 8 << 30 // bytes

// ErrFile is a file that is not one that Write has written, or not all of it.
var ErrFile = errors.New("this is no filter, or not all of one; gatehouse breach build makes one")

// Build makes a filter. It takes about twenty times the memory of a digest's eight bytes while it
// works, and changes the order of what it is given.
func Build(digests []uint64) (*Filter, error) {
	slices.Sort(digests)
	digests = slices.Compact(digests)
	f := &Filter{count: uint64(len(digests))}
	if len(digests) == 0 {
		return f, nil
	}
	fuse, err := xorfilter.NewBinaryFuse[uint16](digests)
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	f.fuse = *fuse
	return f, nil
}

// Key is what Build knows a digest by.
func Key(d Digest) uint64 { return d.key() }

// Write writes the filter to a file.
func (f *Filter) Write(w io.Writer) error {
	sum := sha256.New()
	both := io.MultiWriter(w, sum)
	h := header{
		Magic: magic, Version: version, SegmentLength: f.fuse.SegmentLength, SegmentLengthMask: f.fuse.SegmentLengthMask,
		SegmentCount: f.fuse.SegmentCount, SegmentCountLength: f.fuse.SegmentCountLength,
		Fingerprints: uint32(len(f.fuse.Fingerprints)), Seed: f.fuse.Seed, Count: f.count, //nolint:gosec // the library makes fewer than 2^32
	}
	if err := binary.Write(both, binary.LittleEndian, h); err != nil {
		return err
	}
	for part := range slices.Chunk(f.fuse.Fingerprints, portion) {
		if err := binary.Write(both, binary.LittleEndian, part); err != nil {
			return err
		}
	}
	_, err := w.Write(sum.Sum(nil))
	return err
}

// Open reads a filter from its file.
func Open(name string) (*Filter, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrFile
	}
	return Read(f, info.Size())
}

// Read reads a filter from the size bytes of its file. It takes no more memory than they are, and
// believes no length before it is compared with size. Threat: a file that was cut off, or changed on
// its way, would let through what it must refuse; so a filter is returned only once all is summed.
func Read(r io.Reader, size int64) (*Filter, error) {
	length := size - int64(binary.Size(header{})) - sha256.Size
	if length < 0 || size > Longest {
		return nil, ErrFile
	}
	file, sum := bufio.NewReader(r), sha256.New()
	body := io.TeeReader(file, sum)
	var h header
	if err := binary.Read(body, binary.LittleEndian, &h); err != nil || !h.sound(length) {
		return nil, ErrFile
	}
	f := &Filter{count: h.Count, fuse: xorfilter.BinaryFuse[uint16]{
		Seed: h.Seed, SegmentLength: h.SegmentLength, SegmentLengthMask: h.SegmentLengthMask, SegmentCount: h.SegmentCount,
		SegmentCountLength: h.SegmentCountLength, Fingerprints: make([]uint16, h.Fingerprints),
	}}
	for part := range slices.Chunk(f.fuse.Fingerprints, portion) {
		if err := binary.Read(body, binary.LittleEndian, part); err != nil {
			return nil, fmt.Errorf("%w (%w)", ErrFile, err)
		}
	}
	var want [sha256.Size]byte
	if _, err := io.ReadFull(file, want[:]); err != nil || !bytes.Equal(sum.Sum(nil), want[:]) {
		return nil, ErrFile
	}
	return f, nil
}

// sound reports whether no look-up can leave the fingerprints: the sum shows that the file is whole,
// not that whoever made it meant well.
func (h header) sound(length int64) bool {
	if h.Magic != magic || h.Version != version || length != 2*int64(h.Fingerprints) {
		return false
	}
	if h.Count == 0 {
		return h.Fingerprints == 0
	}
	return h.SegmentLength > 0 && h.SegmentLength&(h.SegmentLength-1) == 0 && h.SegmentLengthMask == h.SegmentLength-1 && h.SegmentCount > 0 &&
		uint64(h.SegmentCountLength) == uint64(h.SegmentCount)*uint64(h.SegmentLength) &&
		uint64(h.Fingerprints) == (uint64(h.SegmentCount)+2)*uint64(h.SegmentLength)
}
