"""Compare an OpenAPI document of the Integration API with the package: what the package lacks."""
