"""``python -m risk``: the command line."""

from risk.cli import main

main()
