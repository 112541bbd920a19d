// Package schema holds the tables of the house, in one text for both engines.
//
// A migration only adds. Its line "-- oldest: NNNN" names the newest migration that the
// oldest program knows that may still run on it. Each table is written by one noun, which
// its comment names.
package schema

import "embed"

// Files are the migrations, in the order of their names.
//
//go:embed *.sql
var Files embed.FS
