"""An archive: all that is stored, as lines that another database can take in."""
