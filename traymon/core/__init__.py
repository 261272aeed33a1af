"""The rules: values in, values out. No I/O and no clock."""
