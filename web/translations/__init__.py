"""The catalogues of the pages, and how messages are found for them."""
