"""Why: the catalogue of what can be wrong, and the words for each."""
