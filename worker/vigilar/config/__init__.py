"""The configuration file: typed settings, errors that name file, line and key, saving with comments kept."""
