package app

import (
	"log/slog"

	"tintype/internal/config"
	"tintype/internal/telemetry"
)

// drivers opens the parts of a site, each with the driver that its setting
// names: one small method a setting.
type drivers struct {
	cfg    *config.Config
	log    *slog.Logger
	tracer *telemetry.Tracer // nil: nothing is traced
}

func (a *App) drivers() drivers { return drivers{cfg: a.cfg, log: a.log, tracer: a.tracer} }
