// Package frameworks shows Gatehouse in front of handlers of chi, echo and gin: one adapter each,
// to copy. It is a module of its own, so that nobody who uses Gatehouse compiles a framework.
package frameworks
