"""The ``charloom`` command: the local stack, the demo, migrations, a client of the API."""
