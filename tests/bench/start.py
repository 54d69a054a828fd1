"""One cold start, as Lambda's runtime makes it: import the function by its handler string, answer one event.

`python tests/bench/start.py PICTURE KEY` in the environment of a worker; whoever starts it holds the watch.
"""

import base64
import importlib
import os
import sys
import time
from pathlib import Path


def main() -> None:
    handler = importlib.import_module("depth.main").handler
    answer = handler(
        {
            "httpMethod": "POST",
            "path": "/portrait-depth-estimation/v1",
            "headers": {"x-api-key": sys.argv[2], "content-type": "image/jpeg"},
            "requestContext": {"requestId": "start", "requestTimeEpoch": time.time() * 1000},
            "isBase64Encoded": True,
            "body": base64.b64encode(Path(sys.argv[1]).read_bytes()).decode(),
        },
        None,
    )
    sys.stdout.flush()
    os._exit(answer["statusCode"] != 200)  # a worker does not end after its first answer: that would be timed too


if __name__ == "__main__":
    main()
