"""Backups: all of a database in one file, which any database that charloom knows is filled from."""
