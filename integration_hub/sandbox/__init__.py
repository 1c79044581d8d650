"""The local stand-in for the outside world: one server, the providers' own simulators plugged in.

A tool for trying out and for tests. Nothing in the hub knows whether it talks to it.
"""
