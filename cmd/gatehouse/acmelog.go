package main

import (
	"context"
	"log/slog"
	"slices"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// An acmeLog is the zapcore.Core that hands on to our log what certmagic says: its failures
// as warnings, for it tries again by itself, its progress for whoever debugs, and its details
// not at all. Of the fields only plain ones are kept. Threat: those that are printed by
// reflection could show a key.
type acmeLog struct {
	to   *slog.Logger
	with []zapcore.Field
}

// zapped makes the log of certmagic out of ours.
func zapped(to *slog.Logger) *zap.Logger { return zap.New(acmeLog{to: to}) }

// byStrangers are the failures that anybody can cause by speaking to a port: they must not
// fill the log.
var byStrangers = []string{"tls-alpn challenge", "looking up info for HTTP challenge"}

// Enabled implements zapcore.LevelEnabler.
func (acmeLog) Enabled(l zapcore.Level) bool { return l >= zapcore.InfoLevel }

// With implements zapcore.Core.
func (l acmeLog) With(fields []zapcore.Field) zapcore.Core {
	return acmeLog{l.to, slices.Concat(l.with, fields)}
}

// Check implements zapcore.Core.
func (l acmeLog) Check(e zapcore.Entry, c *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if l.Enabled(e.Level) {
		return c.AddCore(e, l)
	}
	return c
}

// Write implements zapcore.Core.
func (l acmeLog) Write(e zapcore.Entry, fields []zapcore.Field) error {
	level := slog.LevelDebug
	if e.Level >= zapcore.WarnLevel && !slices.Contains(byStrangers, e.Message) {
		level = slog.LevelWarn
	}
	kept := zapcore.NewMapObjectEncoder()
	var attrs []slog.Attr
	for _, f := range slices.Concat(l.with, fields) {
		switch f.Type {
		case zapcore.StringType, zapcore.BoolType, zapcore.Int64Type, zapcore.Float64Type, zapcore.DurationType, zapcore.TimeType, zapcore.ErrorType:
			f.AddTo(kept)
			attrs = append(attrs, slog.Any(f.Key, kept.Fields[f.Key]))
		}
	}
	l.to.LogAttrs(context.Background(), level, "certificates: "+e.Message, attrs...)
	return nil
}

// Sync implements zapcore.Core.
func (acmeLog) Sync() error { return nil }
