package resource

// Origin says how an object came under management.
type Origin string

const (
	// Created: idpctl made it, and destroys it when it leaves the configuration.
	Created Origin = "created"
	// Adopted: it was there before, and is released, not destroyed.
	Adopted Origin = "adopted"
)
