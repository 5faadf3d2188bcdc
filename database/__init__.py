"""Reads the people from SQL Server, or from any database that SQLAlchemy knows."""
