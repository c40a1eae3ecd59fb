"""TensorFlow's programs for tests: what each of a hundred processes would compile is compiled once.

Half of what a worker does before its first step is XLA's work, and much of what the engine's tests
do. ``TF_XLA_FLAGS`` has TensorFlow keep what it compiled in a folder and look there first; it finds
a program by its code and its shapes, and compares them. The service does without: a damaged file
there is an error to TensorFlow, where a folder of the tests' own is gone when they end.
"""

import atexit
import os
import shutil
import tempfile

FLAGS = "TF_XLA_FLAGS"


def compile_once() -> None:
    """Let this process and all that it starts share their programs, unless told already.

    Call it before TensorFlow is loaded.
    """
    if FLAGS in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="charloom-programs-")
    os.environ[FLAGS] = f"--tf_xla_persistent_cache_directory={folder}"
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
