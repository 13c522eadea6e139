"""Compare an OpenAPI document of the Integration API with the package: what is in the one and not in the other."""
