"""What the project is made from, held against what is known of it: `make audit`."""
