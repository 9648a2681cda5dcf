"""The node-local database: tables, migrations and one repository per aggregate."""
