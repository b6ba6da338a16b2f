package config

import (
	"cmp"
	"io"
	"log/slog"
)

// LogOptions is the section `log`.
type LogOptions struct {
	Level  string `koanf:"level" one:"debug info warn error"` // the least that is logged
	Format string `koanf:"format" one:"json text"`            // how each line is written
}

var levels = map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}

// Check reports what is wrong with the section, each fault under its key.
func (o LogOptions) Check(report func(path, problem string)) {
	o = o.WithDefaults()
	if _, known := levels[o.Level]; !known {
		report("level", "is not one of debug, info, warn, error")
	}
	if o.Format != "json" && o.Format != "text" {
		report("format", "is not json or text")
	}
}

// Severity is the least that is logged.
func (o LogOptions) Severity() slog.Level { return levels[o.WithDefaults().Level] }

// Logger writes to w as the options say.
func (o LogOptions) Logger(w io.Writer) *slog.Logger {
	log, _ := o.Leveled(w)
	return log
}

// Leveled is Logger, with the level that may be set while it is in use.
func (o LogOptions) Leveled(w io.Writer) (*slog.Logger, *slog.LevelVar) {
	o = o.WithDefaults()
	level := new(slog.LevelVar)
	level.Set(o.Severity())
	handler := &slog.HandlerOptions{Level: level}
	if o.Format == "text" {
		return slog.New(slog.NewTextHandler(w, handler)), level
	}
	return slog.New(slog.NewJSONHandler(w, handler)), level
}

// WithDefaults are the options with what holds where they say nothing.
func (o LogOptions) WithDefaults() LogOptions {
	return LogOptions{Level: cmp.Or(o.Level, "info"), Format: cmp.Or(o.Format, "json")}
}
