"""What the labels of nodes look like."""

LABEL = r"^[a-z0-9][a-z0-9_.-]{0,62}$"
