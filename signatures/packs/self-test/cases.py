"""What each rule of the pack must see, and the same without its trait (make.py)."""
from make import datagram, lookup

P = "self-test"
lookup(P, 9000010, "run-1.self-test.banken.invalid", "run-1.other-test.banken.invalid")
datagram(P, 9000011, 9, b"BANKEN-SELF-TEST run-1", b"BANKEN-OTHER-TEST run-1")
