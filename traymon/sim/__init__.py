"""A simulated IB Gateway on loopback: what the tests aim at and the demo shows.

It imports nothing of traymon outside this package, or it would share its mistakes.
"""
