"""Thinks: desired and actual state in, a plan out. Pure: no I/O, no network, no clock."""
