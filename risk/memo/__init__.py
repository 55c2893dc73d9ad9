"""Numbers as people read them, and the documents that show them."""
