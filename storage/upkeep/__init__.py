"""What keeps a database in order: copies, room, what is old."""
