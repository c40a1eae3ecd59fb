"""Text to model to text. Knows no Celery, no database, no web; importing it loads no TensorFlow."""

import os

# Read by TensorFlow and Keras when they load, which is later than this.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"


def warm_up_writer() -> None:
    """Load and compile what writes and scores text, so that no job waits for either."""
    from worker.engine import sampling, scoring

    sampling.warm_up()
    scoring.warm_up()


def warm_up(devices: int = 1) -> None:
    """Load TensorFlow, train a step of a tiny model and write a character with it, so that
    a training job waits for none of it.

    A processor becomes so many ``devices``, which only TensorFlow tells apart.
    """
    # Not at import time: the worker's parent process imports this package too.
    from shared.specs import TrainingSpec
    from worker.engine.lstm import on_processor
    from worker.engine.replicas import split_processor
    from worker.engine.training import TrainingRun
    from worker.engine.vocabulary import Vocabulary

    if devices > 1 and on_processor():
        split_processor(devices)
    vocabulary = Vocabulary("ab")
    spec = TrainingSpec(
        window=2,
        units=2,
        batch_size=2,
        epochs=1,
        max_windows=2,
        validation_fraction=0,
        sample_length=1,
    )
    for _ in TrainingRun(spec, vocabulary.encode("abab" * 4), vocabulary):
        pass
