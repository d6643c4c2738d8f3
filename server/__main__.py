"""`python -m server` is `bpmnd`."""

from server.cli import main

if __name__ == "__main__":
    main()
