"""A simulated IB Gateway on loopback, for the tests and the demo.

It imports nothing else of traymon: shared code would share its mistakes.
"""
