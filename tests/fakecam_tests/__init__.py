"""Tests of the fake camera."""
