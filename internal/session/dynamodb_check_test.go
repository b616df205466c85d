package session_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tintype/internal/servertest"
	"tintype/internal/session"
)

func TestInspectingATable(t *testing.T) {
	for name, endpoint := range map[string]func(t *testing.T) string{
		"minidyn":  func(t *testing.T) string { return newMinidyn(t).URL },
		"dynalite": func(t *testing.T) string { return servertest.DynamoDB(t).URL },
	} {
		t.Run(name, func(t *testing.T) {
			b := newTable(t, awsConfig(endpoint(t)))
			facts, err := b.Inspect(t.Context())
			if err != nil || facts.Took <= 0 {
				t.Errorf("%+v, %v", facts, err)
			}
			if facts.SweepsErr == nil && facts.Sweeps {
				t.Error("these servers know no TTL")
			}
		})
	}
}

// R1: a table that exists needs no right to create it, and what it needs is said where it is refused.
func TestATableThatExistsNeedsNoRightToCreateIt(t *testing.T) {
	m := newMinidyn(t)
	cfg := awsConfig(m.URL)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	newTable(t, cfg)
	name := fmt.Sprintf("sessions-%d", tables.Load())
	ttl := ""
	m.intercept(func(w http.ResponseWriter, r *http.Request) bool {
		_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		switch op {
		case "CreateTable":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"__type":"com.amazon.coral.service#AccessDeniedException","message":"not authorized to perform dynamodb:CreateTable"}`)
			return true
		case "DescribeTimeToLive":
			fmt.Fprint(w, `{"TimeToLiveDescription":{"TimeToLiveStatus":"`+ttl+`","AttributeName":"expires_s"}}`)
			return true
		case "UpdateTimeToLive":
			ttl = "ENABLED"
			fmt.Fprint(w, `{"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"expires_s"}}`)
			return true
		}
		return false
	})
	ttl = "DISABLED"
	if facts, err := session.NewDynamo(cfg, name).Inspect(ctx); err != nil || facts.Sweeps || facts.SweepsErr != nil {
		t.Errorf("with TTL off: %+v, %v", facts, err)
	}
	if err := session.CreateTable(ctx, cfg, name); err != nil {
		t.Errorf("a table that exists: %v", err)
	}
	if ttl != "ENABLED" {
		t.Error("the TTL was not switched on")
	}
	if facts, err := session.NewDynamo(cfg, name).Inspect(ctx); err != nil || !facts.Sweeps {
		t.Errorf("with TTL on: %+v, %v", facts, err)
	}
	if err := session.CreateTable(ctx, cfg, "missing-table"); err == nil || !strings.Contains(err.Error(), "dynamodb:CreateTable") {
		t.Errorf("a table that does not exist: %v", err)
	}
}
