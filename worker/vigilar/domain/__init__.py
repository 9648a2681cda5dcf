"""Ids, enums and frozen values. Knows no other room."""
