"""Measuring: environments, processes, slices that take turns, and their figures."""
