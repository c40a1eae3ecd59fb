"""What web and worker both need. Imports neither of them, nor Flask, nor TensorFlow."""
