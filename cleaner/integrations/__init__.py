"""Engines that map and group beyond one process: thin adapters without cleaning logic.

``duckdb``, ``ray`` and ``spark`` run the miner's two passes, ``ray``, ``spark`` and ``datatrove``
clean; each is imported by who uses it and needs the extra of its name.
"""
