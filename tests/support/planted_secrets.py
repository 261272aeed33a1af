"""What no report to others may hold: names of a user and a computer, and secrets of every form."""

from __future__ import annotations

from traymon.core.redaction import Removed

NAMES = {
    Removed.USER: frozenset(("jane.doe", "Jürgen")),
    Removed.HOST: frozenset(("trading-pc", "gw.example.com", "127.0.0.1")),
    Removed.PATH: frozenset(("/home/jane doe", r"C:\Users\Jane Doe")),
    Removed.PROJECT: frozenset(("secretalpha",)),
}
SECRETS = [
    *("DU1234567", "DF1234567", "U1234567", "F1234567", "I1234567", "DUP123456", "u7654321"),
    *("U12345", "DU123456789", "U1234567A", "U***567", "DU***456"),
    *("/home/jane/bot/run.py", "/Users/jane/Library/x", "/home/jane doe/bot/run.py", "~/bot/.env"),
    *("/etc/passwd", "./bot/run.py", "live/run.py", "/root", "~jane/x"),
    *(r"C:\Users\Jane Doe\bot\run.py", r"\\server\share\bot.py", "D:/bots/run.py", "c:\\x"),
    *("jane@example.com", "j.d+ib@mail.example.co.uk"),
    *("https://hooks.example.com/T0/abc", "http://jane:pw@10.0.0.1:80/x?token=1"),
    *("192.168.1.5", "10.0.0.7:7497", "fe80::1", "2001:db8::5", "203.0.113.9"),
    *("trading-pc", "TRADING-PC", "gw.example.com", "nas.local", "db.corp"),
    *("jane.doe", "JANE.DOE", "Jürgen", "secretalpha"),
    *(
        "sk_live_51Habcdefghijklmnop",
        "ghp_ABCdef0123456789ABCdef0123456789",
        "eyJhbGciOiJIUzI1NiJ9",
    ),
    *("d41d8cd98f00b204e9800998ecf8427e", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
    *("123456789012",),
]
