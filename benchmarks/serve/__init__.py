"""The server: says what is prepared and does nothing else, so that it is not what is measured."""
