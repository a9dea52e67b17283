import sys

from gristmill.worker.main import main

if __name__ == "__main__":
    sys.exit(main())
