"""Models that were made elsewhere: read by rules of ours, and built anew from numbers.

Nothing of a file is ever deserialized by Keras, and nothing unpickled. ``python -m`` this package
reads one file in a process of its own: see ``__main__``.
"""
