package oidc

import (
	"errors"
	"sync"
	"time"
)

// What a poll with a device code may meet (RFC 8628 section 3.5).
var (
	// ErrUnknownDevice: no such code, or it was redeemed or forgotten.
	ErrUnknownDevice = errors.New("unknown device code")
	// ErrOtherClient: the code was given to another client.
	ErrOtherClient = errors.New("device code of another client")
	// ErrExpiredDevice is "expired_token".
	ErrExpiredDevice = errors.New("device code expired")
	// ErrSlowDown is "slow_down".
	ErrSlowDown = errors.New("polled too soon")
	// ErrDenied is "access_denied".
	ErrDenied = errors.New("the user denied the request")
	// ErrPending is "authorization_pending".
	ErrPending = errors.New("the user has not decided yet")
)

// DeviceState says how far a device code has come.
type DeviceState uint8

const (
	// DevicePending: the user has not decided.
	DevicePending DeviceState = iota
	// DeviceApproved: the next poll gets the tokens.
	DeviceApproved
	// DeviceDenied: the user said no.
	DeviceDenied
)

// Device is one device authorization request.
type Device struct {
	// Code is the device code, UserCode what the user enters, as displayed.
	Code, UserCode string
	// ClientID of the client that asked, Scope what it asked for.
	ClientID, Scope string
	// Created and Lifespan say how long the code may be used.
	Created  time.Time
	Lifespan time.Duration
	// Interval is the time that a client has to wait between two polls.
	Interval time.Duration
	State    DeviceState
	// Grant is what was approved, for the token endpoint.
	Grant any

	lastPoll time.Time
}

// Expired reports whether the code is too old. Whole seconds count, as the
// servers keep whole seconds: a code of 3 s is still valid when the clock is
// 3 s on.
func (d Device) Expired(now time.Time) bool {
	return now.Unix() > d.Created.Add(d.Lifespan).Unix()
}

// DeviceStore keeps the device codes of one issuer. It may be used
// concurrently.
type DeviceStore struct {
	// UserCode makes the code that the user enters.
	UserCode func() string
	// Retain is how long an expired code is known as expired.
	Retain func(Device) time.Duration
	// SlowDownAdds is added to the interval each time a client polls too soon
	// (RFC 8628 section 3.5 says 5 s; not every server does it).
	SlowDownAdds time.Duration

	mu      sync.Mutex
	devices map[string]*Device // by device code
	byUser  map[string]*Device // by user code
}

// Start begins a request: it fills in the codes of d and the time.
func (s *DeviceStore) Start(now time.Time, d Device) Device {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.devices == nil {
		s.devices, s.byUser = map[string]*Device{}, map[string]*Device{}
	}
	s.forget(now)
	d.Code, d.UserCode, d.Created = Random(32), s.UserCode(), now
	for s.byUser[d.UserCode] != nil {
		d.UserCode = s.UserCode()
	}
	s.devices[d.Code], s.byUser[d.UserCode] = &d, &d
	return d
}

// forget drops the codes whose time of retention is over.
func (s *DeviceStore) forget(now time.Time) {
	for code, d := range s.devices {
		if now.After(d.Created.Add(d.Lifespan + s.Retain(*d))) {
			delete(s.devices, code)
			delete(s.byUser, d.UserCode)
		}
	}
}

// ByUserCode finds a request by what the user entered.
func (s *DeviceStore) ByUserCode(now time.Time, code string) (Device, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	d, ok := s.byUser[code]
	if !ok {
		return Device{}, false
	}
	return *d, true
}

// Decide sets what the user decided; grant is kept for the poll that follows
// an approval. It reports whether the code was there and not expired.
func (s *DeviceStore) Decide(now time.Time, userCode string, state DeviceState, grant any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.byUser[userCode]
	if !ok || d.Expired(now) {
		return false
	}
	d.State, d.Grant = state, grant
	return true
}

// Poll is one request for a token. Without an error the code is approved and
// used up. The error is one of this package's.
func (s *DeviceStore) Poll(now time.Time, code, clientID string) (Device, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(now)
	d, ok := s.devices[code]
	switch {
	case !ok:
		return Device{}, ErrUnknownDevice
	case d.ClientID != clientID:
		return Device{}, ErrOtherClient
	case d.Expired(now):
		return Device{}, ErrExpiredDevice
	case !d.lastPoll.IsZero() && now.Before(d.lastPoll.Add(d.Interval)):
		// The next poll is due an interval after the last one that was not
		// too soon: Keycloak does not start the wait anew.
		d.Interval += s.SlowDownAdds
		return Device{}, ErrSlowDown
	}
	d.lastPoll = now
	switch d.State {
	case DeviceDenied:
		return Device{}, ErrDenied
	case DevicePending:
		return Device{}, ErrPending
	default:
		delete(s.devices, code)
		delete(s.byUser, d.UserCode)
		return *d, nil
	}
}
