import sys

from gristmill.worker.main import main

sys.exit(main())
