"""Names of variables, of which TensorFlow remembers every one for good.

Keras numbers what nobody named, the states of its random generators first of all, through the
whole process. For each new name of a variable TensorFlow keeps some 35 KB: of every model that is
built as much again for each of its layers.
"""

# Keras has no public way that does not throw away what is compiled, too.
from keras.src.utils.naming import reset_uids


def number_from_the_start() -> None:
    """Let what is built next have the names that what was built before had.

    Nothing is found by them: layers that are stored have names of their own.
    """
    reset_uids()
