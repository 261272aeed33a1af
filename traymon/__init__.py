"""traymon: one light for the API of TWS / IB Gateway, and what to do when it fails."""

__version__ = "0.1.0"
