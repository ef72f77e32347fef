"""Generated from ``protos/cleaner/v1`` by ``make protos``; do not edit."""
