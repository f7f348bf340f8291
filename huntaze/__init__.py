"""Huntaze: the back office of a creator business. This package is the project and the ground floor of its apps."""
