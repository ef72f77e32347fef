"""The gRPC edge: an event loop in front, worker processes behind it. It decides nothing."""
