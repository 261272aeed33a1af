"""Why the API does not work: the catalogue of causes, and the words for each of them."""
