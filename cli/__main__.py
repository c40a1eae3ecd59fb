"""``python -m cli`` is ``charloom``, also where the command is not installed."""

from cli.main import main

main()
