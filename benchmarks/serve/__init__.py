"""The server gives prepared answers and does nothing else, so that its own cost does not matter."""
