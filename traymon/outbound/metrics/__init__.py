"""What Prometheus may collect from this traymon; loaded only with TRAYMON_METRICS."""
